"""The staff API of disclosure: how much may be revealed and exported."""

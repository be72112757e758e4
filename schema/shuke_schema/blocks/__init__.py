"""The staff API of blocks."""

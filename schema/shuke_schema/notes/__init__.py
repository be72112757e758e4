"""The staff API of notes."""

"""The staff API of imports: a stored file is taken in, row by row."""

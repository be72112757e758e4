"""The staff API of reveals: the plain value of one field of one member."""

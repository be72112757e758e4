"""The staff API of staff: who is asking."""

"""The staff API of assignment: who looks after which member."""

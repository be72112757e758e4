"""Credentials: what proves who somebody of the staff is, and what happens to who guesses at it."""

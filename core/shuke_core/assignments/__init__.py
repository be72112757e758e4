"""Who of the staff looks after which member."""

"""The migrations of the made-up clubs."""

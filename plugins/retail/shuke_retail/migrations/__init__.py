"""The migrations of the retail plugin."""

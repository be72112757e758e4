"""The migrations of the made-up perks."""

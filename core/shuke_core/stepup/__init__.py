"""Step-up: sensitive operations want a fresh second factor, over limits a second person."""

"""Merging: two records of one person become one, and can be taken apart again within a window."""

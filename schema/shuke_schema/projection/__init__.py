"""Compiled reads: a selection below a root field becomes one statement, its JSON goes out as it is."""

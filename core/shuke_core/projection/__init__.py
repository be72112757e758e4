"""Projections: where API fields come from, declared once; a selection of them is one statement."""

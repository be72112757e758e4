"""Audit: who did what to what, and why; sealed into a chain that shows any edit, gap or cut."""

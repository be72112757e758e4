"""Plugins at run time: which are on for a tenant, their settings, their hooks, and their faults."""

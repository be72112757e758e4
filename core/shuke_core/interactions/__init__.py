"""Interactions (互动): what members say to the tenant, and how it is followed up."""

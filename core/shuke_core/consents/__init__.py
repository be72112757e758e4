"""Consent (同意): published texts, and what members said to them."""

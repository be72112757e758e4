"""Disclosure: how much personal data may leave, by reveals and exports, in one tenant."""

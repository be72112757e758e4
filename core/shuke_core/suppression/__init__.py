"""Suppression: identities of erased people, which no import makes members of again."""

"""Idempotency: an act that was asked for twice happens once and is answered twice alike."""

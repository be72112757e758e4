"""Locks on things that have no row of their own."""

from shuke_core.kit.transactions import fetch


async def lock_until_commit(what: str) -> None:
    """Waits until nobody else of this tenant holds `what`, and holds it until the unit ends."""
    await fetch("SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text || $2, 0))", what)

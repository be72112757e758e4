"""The one source of ids: UUIDv7, growing within a process, so that keys land side by side."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7. Within one process each is greater than the one before."""
    return uuid7()

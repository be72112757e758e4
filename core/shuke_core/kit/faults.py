"""Which failures pass by themselves: the database is away, starting, full or out of connections.

Nothing was done then, and the same thing may work a moment later. They are nobody's poison: work
that meets one stays due and is not counted against the row. A time-out or a lost connection of
something else (a plugin's own call, say) is not among them.
"""

import asyncpg


class DatabaseAway(Exception):
    """The database could not be reached, or the connection was lost in the middle of a unit."""


PASSING: tuple[type[BaseException], ...] = (
    DatabaseAway,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,
)

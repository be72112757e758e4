"""Which failures pass by themselves: the database is away, starting, full or out of connections.

Nothing was done then, and the same thing may work a moment later. They are nobody's poison: work
that meets one stays due and is not counted against the row.
"""

import asyncpg

PASSING: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    ConnectionError,
    TimeoutError,
)

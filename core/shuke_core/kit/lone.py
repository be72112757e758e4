"""A connection whose statement can bring its tenant along: one trip, one transaction of its own.

`BEGIN` with the tenant, the statement and `COMMIT` are three trips. PostgreSQL takes several bound
statements up to one Sync as one transaction, in their order; so the one that says the tenant is
sent right before the one that reads, and nothing is waited for in between. asyncpg speaks for the
second alone, so the messages of the first are written here. ADR 0027.
"""

import struct
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

# No rows, which asyncpg would take for those of the statement that follows; and nothing is written.
_TELL = (
    "SELECT WHERE set_config('shuke.tenant_id', $1, true) IS NULL "
    "OR set_config('transaction_read_only', 'on', true) IS NULL"
)
_EXECUTE = b"E" + struct.pack("!i", 9) + b"\0" + struct.pack("!i", 0)


def _bound(name: str, value: bytes) -> bytes:
    """Bind and Execute of a prepared statement with one parameter, as text."""
    body = b"".join(
        (
            b"\0" + name.encode() + b"\0",  # the unnamed portal
            struct.pack("!hhi", 0, 1, len(value)),
            value,
            struct.pack("!h", 0),
        )
    )
    return b"B" + struct.pack("!i", len(body) + 4) + body + _EXECUTE


class LoneConnection(asyncpg.Connection):  # type: ignore[misc]
    """asyncpg's connection, whose reads may go alone. No session state outlives a transaction, so
    there is nothing to reset when it is given back."""

    _tell: Any = None  # the statement that says the tenant, as asyncpg keeps it

    def get_reset_query(self) -> str:
        return ""

    async def reset(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Rolls back what is open, and closes what is broken. Of what our units leave nothing is."""
        if not self.is_at_rest:
            await super().reset(timeout=timeout)

    @property
    def is_at_rest(self) -> bool:
        """Whether it can be given to the next as it is: nothing is open or being cancelled, and it
        lives. That nobody asks on it any more is known by the unit alone."""
        protocol = self._protocol
        return not (protocol.is_in_transaction() or protocol._is_cancelling() or self.is_closed())

    @property
    def may_go_alone(self) -> bool:
        """Whether prepared statements are kept: not so behind an old PgBouncer."""
        return bool(self._stmt_cache_enabled)

    async def fetch_alone(
        self, tenant_id: UUID, sql: str, values: Sequence[object]
    ) -> list[asyncpg.Record]:
        """Rows of a statement that only reads, as this tenant. No transaction may be open."""

        async def ask(statement: Any, _: None) -> Any:
            protocol = self._protocol
            await protocol._wait_for_cancellation()  # of what was asked before
            asked = protocol.queries_count
            self._transport.write(_bound(self._tell.name, str(tenant_id).encode()))
            try:
                return await protocol.bind_execute(statement, values, "", 0, False, None)
            except BaseException:
                if protocol.queries_count == asked:  # its values were refused before it was sent
                    await self._protocol.query("", None)  # ends what went ahead
                raise

        with self._stmt_exclusive_section:
            if self._tell is None:
                self._tell = await self._get_statement(_TELL, None, named=True, use_cache=False)
            rows, _ = await self._do_execute(sql, ask, None)
        return rows  # type: ignore[no-any-return]

"""The verbs of a tenant's life: suspend, resume, close. As owner: the app may only read states.

active ⇄ suspended → closing → erased (`erasure`); an active tenant may be closed at once. Every
process feels a change within two seconds.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from shuke_core.database.config import credentials
from shuke_core.kit.ids import new_id
from shuke_core.tenants.errors import TenantErased, TenantUnknown
from shuke_core.upkeep.errors import StateUnfit

LONGEST_REASON = 500
LONGEST_TERM = timedelta(days=31)  # the longest after which something that waits is forgotten


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a tenant stands; `since` is None for one that has never left its first state."""

    id: UUID
    slug: str
    state: str
    since: datetime | None


@asynccontextmanager
async def as_owner(owner_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner, who alone writes the directory."""
    owner = await asyncpg.connect(**credentials(owner_dsn))
    try:
        yield owner
    finally:
        await owner.close()


async def locked_standing(owner: asyncpg.Connection, slug: str) -> Standing:
    """Where the tenant stands, held until the transaction ends; raises TenantUnknown."""
    row = await owner.fetchrow(
        "SELECT id, slug, state, state_at FROM tenant WHERE slug = $1 FOR UPDATE", slug
    )
    if row is None:
        raise TenantUnknown(slug=slug)
    return Standing(row["id"], row["slug"], row["state"], row["state_at"])


async def note_life(owner: asyncpg.Connection, tenant: Standing, act: str, reason: str) -> UUID:
    """Adds a line to the operator's log; returns its id."""
    row_id = new_id()
    await owner.execute(
        "INSERT INTO tenant_life (id, of_tenant, slug, act, reason, at) "
        "VALUES ($1, $2, $3, $4, $5, now())",
        *(row_id, tenant.id, tenant.slug, act, reason[:LONGEST_REASON]),
    )
    return row_id


async def _move(
    owner_dsn: str, slug: str, act: str, state: str, wanted: tuple[str, ...], reason: str
) -> UUID:
    """Puts the tenant into `state`; returns its id. Raises TenantUnknown, TenantErased, StateUnfit."""
    async with as_owner(owner_dsn) as owner, owner.transaction():
        tenant = await locked_standing(owner, slug)
        if tenant.state == "erased":
            raise TenantErased(slug=slug)
        if tenant.state not in wanted:
            raise StateUnfit(slug=slug, state=tenant.state, act=act, wanted=" or ".join(wanted))
        # Of suspensions that follow upon each other within what is kept anyway one is made: the time
        # between is given on top, which loses nothing.
        await owner.execute(
            "UPDATE tenant SET state = $2, state_at = now(), "
            "rested_from = CASE WHEN state <> 'suspended' THEN rested_from "
            "WHEN rested_until > state_at - $3::interval THEN rested_from ELSE state_at END, "
            "rested_until = CASE state WHEN 'suspended' THEN now() ELSE rested_until END "
            "WHERE id = $1",
            *(tenant.id, state, LONGEST_TERM),
        )
        await note_life(owner, tenant, act, reason)
    return tenant.id


async def suspend_tenant(owner_dsn: str, slug: str, reason: str) -> UUID:
    """Nobody is let in, what outside systems send is kept, nothing is worked off."""
    return await _move(owner_dsn, slug, "suspended", "suspended", ("active",), reason)


async def resume_tenant(owner_dsn: str, slug: str, reason: str) -> UUID:
    """Everything goes on, with what came meanwhile. Also takes a closing back."""
    return await _move(owner_dsn, slug, "resumed", "active", ("suspended", "closing"), reason)


async def close_tenant(owner_dsn: str, slug: str, reason: str) -> UUID:
    """Nothing new comes in; what is there can be read and exported until it is erased."""
    return await _move(owner_dsn, slug, "closed", "closing", ("active", "suspended"), reason)

"""Reads of the directory of tenants, and of the tenant's stores."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID
from zoneinfo import ZoneInfo

from shuke_core.kit import clock
from shuke_core.kit.transactions import (
    current_tenant,
    current_unit,
    directory_work,
    fetch,
    fetch_across,
)
from shuke_core.projection.declare import Projection
from shuke_core.tenants.errors import TenantClosing, TenantSuspended, TenantUnknown
from shuke_core.tenants.services import SLUG

_FOUND_SECONDS = 2.0
_MOST_FOUND = 10_000
_COLUMNS = "id, slug, name, zone, currency, day_starts_at, state"


@dataclass(frozen=True, slots=True)
class TenantCard:
    """What the directory says of a tenant. `day_starts_at` is the hour the business day begins."""

    id: UUID
    slug: str
    name: str
    zone: ZoneInfo
    currency: str
    day_starts_at: int
    state: str


class Store(Projection, table="store"):
    """A store of the tenant."""

    code: str
    name: str


_found: dict[str, tuple[float, TenantCard]] = {}


def _card(row: dict[str, object]) -> TenantCard:
    return TenantCard(**{**row, "zone": ZoneInfo(str(row["zone"]))})  # type: ignore[arg-type]


async def find_tenant(slug: str) -> TenantCard:
    """The tenant of that slug if it is served, active or closing. Raises TenantUnknown, also for one
    that is erased, and TenantSuspended.

    Opens a unit of its own. A found card serves this process for two seconds more: so long may a
    change of state take to be felt.
    """
    card = await _found_card(slug)
    if card.state == "suspended":
        raise TenantSuspended(slug=slug)
    return card


async def find_receiving_tenant(slug: str) -> TenantCard:
    """The tenant of that slug if it takes what outside systems send: also a suspended one, which
    keeps it. Raises TenantUnknown and TenantClosing. Otherwise as `find_tenant`."""
    card = await _found_card(slug)
    if card.state == "closing":
        raise TenantClosing(slug=slug)
    return card


async def find_any_tenant(slug: str) -> TenantCard:
    """The tenant of that slug as it is now, for an operator; raises TenantUnknown where there is
    none or it is erased. Opens a unit of its own."""
    if not SLUG.fullmatch(slug):
        raise TenantUnknown(slug=slug)
    async with directory_work():
        rows = await fetch_across(
            f"SELECT {_COLUMNS} FROM tenant WHERE slug = $1 AND state <> 'erased'", slug
        )
    if not rows:
        raise TenantUnknown(slug=slug)
    return _card(rows[0])


async def _found_card(slug: str) -> TenantCard:
    until, card = _found.get(slug, (0.0, None))
    if card is None or until < monotonic():
        card = await find_any_tenant(slug)
        if len(_found) >= _MOST_FOUND:
            _found.clear()
        _found[slug] = (monotonic() + _FOUND_SECONDS, card)
    return card


async def all_tenants() -> list[TenantCard]:
    """Every active tenant, by slug. Opens a unit of its own."""
    async with directory_work():
        rows = await fetch_across(
            f"SELECT {_COLUMNS} FROM tenant WHERE state = 'active' ORDER BY slug"
        )
    return [_card(row) for row in rows]


async def tenants_with_data() -> list[TenantCard]:
    """Every tenant whose data is there, whatever its state, by slug. Opens a unit of its own."""
    async with directory_work():
        rows = await fetch_across(
            f"SELECT {_COLUMNS} FROM tenant WHERE state <> 'erased' ORDER BY slug"
        )
    return [_card(row) for row in rows]


async def this_tenant() -> TenantCard:
    """The directory's card of the current tenant."""
    notes = current_unit().notes
    if "tenant_card" not in notes:
        rows = await fetch(f"SELECT {_COLUMNS} FROM tenant WHERE id = $1")
        if not rows:
            raise TenantUnknown(slug=str(current_tenant()))
        notes["tenant_card"] = _card(rows[0])
    card: TenantCard = notes["tenant_card"]
    return card


async def long_ago(term: timedelta) -> datetime:
    """The moment before which so much time has passed for the current tenant; while it was suspended
    none did."""
    rows = await fetch("SELECT rested_from, rested_until FROM tenant WHERE id = $1")
    began, ended = rows[0]["rested_from"], rows[0]["rested_until"]
    moment = clock.now() - term
    return moment - (ended - began) if ended is not None and moment < ended else moment


async def stores_by_code(codes: list[str]) -> dict[str, UUID]:
    """Which of the codes are active stores, and their ids."""
    rows = await fetch(
        "SELECT code, id FROM store WHERE tenant_id = $1 AND code = ANY ($2::text[]) "
        "AND state = 'active'",
        codes,
    )
    return {row["code"]: row["id"] for row in rows}


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store of the tenant."""

    code: str
    name: str


async def all_stores() -> list[StoreRow]:
    """The tenant's active stores, by code."""
    rows = await fetch(
        "SELECT code, name FROM store WHERE tenant_id = $1 AND state = 'active' ORDER BY code"
    )
    return [StoreRow(**row) for row in rows]


async def count_rows() -> dict[str, int]:
    """How many members, orders and stores the tenant has."""
    rows = await fetch(
        "SELECT (SELECT count(*) FROM member WHERE tenant_id = $1) AS members, "
        "(SELECT count(*) FROM orders WHERE tenant_id = $1) AS orders, "
        "(SELECT count(*) FROM store WHERE tenant_id = $1) AS stores"
    )
    return dict(rows[0])

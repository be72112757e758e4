"""The verbs of tenants: create one, give it stores."""

import re
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from shuke_core.database.config import credentials
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.tenants.errors import SlugInvalid, ZoneUnknown
from shuke_core.tenants.keyring import create_tenant_keys

SLUG = re.compile(r"[a-z][a-z0-9-]{0,39}")


def checked_slug(slug: str, what: str) -> str:
    """The slug itself, or SlugInvalid: it becomes part of addresses."""
    if not SLUG.fullmatch(slug):
        raise SlugInvalid(slug=slug, what=what)
    return slug


async def register_tenant(
    owner_dsn: str,
    *,
    slug: str,
    name: str,
    zone: str,
    currency: str = "CNY",
    day_starts_at: int = 0,
) -> tuple[UUID, bool]:
    """Enters the tenant into the directory, as owner; the app may only read it.

    Returns its id and whether it is new. A tenant that is there keeps its name and zone.
    """
    checked_slug(slug, "tenant")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ZoneUnknown(zone=zone) from None
    owner = await asyncpg.connect(**credentials(owner_dsn))
    try:
        made = await owner.fetchval(
            "INSERT INTO tenant (id, slug, name, zone, currency, day_starts_at, state, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, 'active', $7) ON CONFLICT (slug) DO NOTHING "
            "RETURNING id",
            *(new_id(), slug, name, zone, currency, day_starts_at, clock.now()),
        )
        found = made or await owner.fetchval("SELECT id FROM tenant WHERE slug = $1", slug)
    finally:
        await owner.close()
    return found, made is not None


async def open_tenant() -> None:
    """Gives the current tenant its keys. Repeating it changes nothing."""
    await create_tenant_keys()


async def add_store(code: str, name: str) -> bool:
    """Adds a store (门店); says whether it is new. One that is there takes the new name."""
    rows = await fetch(
        "INSERT INTO store (tenant_id, id, code, name, state, created_at) "
        "VALUES ($1, $2, $3, $4, 'active', $5) "
        "ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name "
        "RETURNING (xmax = 0) AS is_new",
        *(new_id(), code, name, clock.now()),
    )
    return bool(rows[0]["is_new"])

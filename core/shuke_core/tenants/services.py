"""The verbs of tenants: create one, give it stores."""

import re
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from shuke_core.database.config import credentials
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text, shown
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.tenants.errors import (
    NameInvalid,
    SlugInvalid,
    StoreCodeInvalid,
    TenantErased,
    ZoneUnknown,
)
from shuke_core.tenants.keyring import create_tenant_keys

SLUG = re.compile(r"[a-z][a-z0-9-]{0,39}")
LONGEST_NAME = 120
LONGEST_STORE_CODE = 40


def checked_slug(slug: str, what: str) -> str:
    """The slug itself, or SlugInvalid: it becomes part of addresses."""
    if not SLUG.fullmatch(slug):
        raise SlugInvalid(slug=slug, what=what)
    return slug


def checked_name(name: str, what: str) -> str:
    """The name with single blanks, or NameInvalid."""
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= LONGEST_NAME or not plain.isprintable():
        raise NameInvalid(name=shown(name), what=what, longest=LONGEST_NAME)
    return plain


def checked_store_code(code: str) -> str:
    """The code as it is read from a ticket, or StoreCodeInvalid: else no ticket would ever match.

    Tickets' codes may be longer than a store's; such a ticket names a store that is not there.
    """
    try:
        clean = clean_text(code, longest=LONGEST_STORE_CODE)
    except Unclean:
        clean = None
    if clean is None:
        raise StoreCodeInvalid(found=shown(code), longest=LONGEST_STORE_CODE)
    return clean


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

    Returns its id and whether it is new. A tenant that is there keeps its name and zone. Before
    anything is written: SlugInvalid, NameInvalid, ZoneUnknown. Raises TenantErased: a slug is given once.
    """
    checked_slug(slug, "tenant")
    name = checked_name(name, "tenant")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # `Asia` is a folder
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
        erased = await owner.fetchval("SELECT state = 'erased' FROM tenant WHERE id = $1", found)
    finally:
        await owner.close()
    if erased:
        raise TenantErased(slug=slug)
    return found, made is not None


async def open_tenant() -> None:
    """Gives the current tenant its keys. Repeating it changes nothing."""
    await create_tenant_keys()


async def add_store(code: str, name: str) -> bool:
    """Adds a store (门店); says whether it is new. One that is there takes the new name.

    Raises StoreCodeInvalid and NameInvalid.
    """
    code, name = checked_store_code(code), checked_name(name, "store")
    rows = await fetch(
        "INSERT INTO store (tenant_id, id, code, name, state, created_at) "
        "VALUES ($1, $2, $3, $4, 'active', $5) "
        "ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name "
        "RETURNING (xmax = 0) AS is_new",
        *(new_id(), code, name, clock.now()),
    )
    return bool(rows[0]["is_new"])

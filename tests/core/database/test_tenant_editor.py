"""Three successive migrations, the last of a plugin, become tenant tables, up and down, without drift."""

from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from tests.support import catalogue, catalogue_keys
from tests.support.scratch import connection_to, empty_database
from tortoise import fields
from tortoise.migrations import operations as ops
from tortoise.migrations.operations import RunSQL

from shuke_core.database.config import CORE, App
from shuke_core.database.migrate import FIRST, migrate, pending_changes, pending_migrations
from shuke_core.database.roles import APP
from shuke_core.database.tenant_editor import ManyToManyRefused
from shuke_core.embedded import EmbeddedServers
from shuke_core.kit.ids import new_id
from shuke_core.places import Places

pytestmark = pytest.mark.slow

APPS: Mapping[str, App] = {
    "core": CORE,
    "club": App(["tests.support.club.models"], "tests.support.club.migrations"),
    "perks": App(["tests.support.perks.models"], "tests.support.perks.migrations"),
}
OURS = ["club", "club_visit", "perk"]


@pytest_asyncio.fixture
async def ground(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """An empty database of this test's own."""
    async with empty_database(servers) as places:
        yield places


@pytest_asyncio.fixture
async def owner(ground: Places) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection."""
    async with connection_to(ground.owner()) as connection:
        yield connection


async def _foreign_keys(owner: asyncpg.Connection) -> set[str]:
    rows = await owner.fetch(
        "SELECT conrelid::regclass::text || ': ' || pg_get_constraintdef(oid) AS says "
        "FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY ($1)",
        OURS,
    )
    return {row["says"] for row in rows}


async def _here(owner: asyncpg.Connection) -> list[str]:
    return [table for table in await catalogue.tenant_tables(owner) if table in OURS]


async def _columns(owner: asyncpg.Connection, table: str) -> set[str]:
    rows = await owner.fetch(
        "SELECT attname::text AS name FROM pg_attribute WHERE attrelid = $1::text::regclass "
        "AND attnum > 0 AND NOT attisdropped",
        table,
    )
    return {row["name"] for row in rows}


async def _breaches(owner: asyncpg.Connection) -> list[catalogue.Finding]:
    rules = (*catalogue.RULES, *catalogue_keys.RULES)
    return [finding for rule in rules for finding in await rule(owner)]


FOUNDER = (
    "club: FOREIGN KEY (tenant_id, founder_id) REFERENCES member(tenant_id, id) ON DELETE RESTRICT"
)
HOST = (
    "club: FOREIGN KEY (tenant_id, host_id) REFERENCES member(tenant_id, id) "
    "ON DELETE SET NULL (host_id)"
)
VISIT = (
    "club_visit: FOREIGN KEY (tenant_id, club_id) REFERENCES club(tenant_id, id) ON DELETE CASCADE"
)
PERK_OF = (
    "perk: FOREIGN KEY (tenant_id, member_id) REFERENCES member(tenant_id, id) ON DELETE CASCADE"
)
PERK_IN = (
    "perk: FOREIGN KEY (tenant_id, club_id) REFERENCES club(tenant_id, id) "
    "ON DELETE SET NULL (club_id)"
)


async def test_up_and_down_and_up_again(ground: Places, owner: asyncpg.Connection) -> None:
    dsn = ground.owner()
    core = await migrate(dsn, APPS, targets={"core": "__latest__", "club": "0001_initial"}) - 1
    assert await _here(owner) == ["club"]
    assert await _foreign_keys(owner) == {FOUNDER}
    assert await _columns(owner, "club") == {"tenant_id", "id", "name", "founder_id"}

    assert await migrate(dsn, APPS, targets={"club": "0002_visits"}) == 1
    assert await _here(owner) == ["club", "club_visit"]
    assert await _foreign_keys(owner) == {FOUNDER, HOST, VISIT}

    assert await migrate(dsn, APPS) == 1
    assert await _here(owner) == OURS
    assert await _foreign_keys(owner) == {FOUNDER, HOST, VISIT, PERK_OF, PERK_IN}
    assert await _breaches(owner) == []
    assert await migrate(dsn, APPS) == 0

    assert await migrate(dsn, APPS, targets={"perks": FIRST}) == 1
    assert await _here(owner) == ["club", "club_visit"]
    assert await migrate(dsn, APPS, targets={"club": "0001_initial"}) == 1
    assert await _here(owner) == ["club"]
    assert await _foreign_keys(owner) == {FOUNDER}
    assert await migrate(dsn, APPS, targets={"club": FIRST}) == 1
    assert await _here(owner) == []
    assert await migrate(dsn, APPS, targets={"core": FIRST}) == core
    assert await catalogue.tenant_tables(owner) == []

    assert await migrate(dsn, APPS) == core + 3
    assert await _foreign_keys(owner) == {FOUNDER, HOST, VISIT, PERK_OF, PERK_IN}
    assert await _breaches(owner) == []


async def test_the_keys_are_composite(ground: Places, owner: asyncpg.Connection) -> None:
    await migrate(ground.owner(), APPS)
    rows = await owner.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS says "
        "FROM pg_index WHERE indrelid::regclass::text = ANY ($1)",
        OURS,
    )
    says = {row["name"]: row["says"].partition("USING btree ")[2] for row in rows}
    assert {says.pop(f"{table}_pkey") for table in OURS} == {"(tenant_id, id)"}
    assert says.pop("perk_is_unique") == (
        "(tenant_id, member_id, kind) WHERE ((state)::text = 'active'::text)"
    )
    assert sorted(says.values()) == ["(tenant_id, club_id)", "(tenant_id, name)"]
    checks = await owner.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'perk_left_not_negative'"
    )
    assert checks == 'CHECK (("left" >= 0))'


def _perk(**said: object) -> tuple[str, list[object]]:
    names = ", ".join(f'"{name}"' for name in said)
    values = ", ".join(f"${n}" for n in range(1, len(said) + 1))
    return f"INSERT INTO perk ({names}) VALUES ({values})", list(said.values())


async def _people(app: asyncpg.Connection, tenant_id: UUID) -> tuple[UUID, UUID]:
    member_id, club_id = new_id(), new_id()
    await app.execute(f"SET shuke.tenant_id = '{tenant_id}'")
    await app.execute(
        "INSERT INTO member (tenant_id, id, card_no, state, joined_at) "
        "VALUES ($1, $2, '1', 'active', now())",
        *(tenant_id, member_id),
    )
    await app.execute(
        "INSERT INTO club (tenant_id, id, name, founder_id, host_id) VALUES ($1, $2, 'A', $3, $3)",
        *(tenant_id, club_id, member_id),
    )
    return member_id, club_id


async def test_a_plugins_rows_can_not_lean_on_another_tenants(ground: Places) -> None:
    await migrate(ground.owner(), APPS)
    one, other = new_id(), new_id()
    async with connection_to(ground.app_dsn) as app:
        _, foreign_club = await _people(app, other)
        member_id, club_id = await _people(app, one)
        perk = {"tenant_id": one, "member_id": member_id, "kind": "tea", "state": "active"}
        for wrong, refusal in (
            ({"club_id": foreign_club, "left": 1}, asyncpg.ForeignKeyViolationError),
            ({"club_id": new_id(), "left": 1}, asyncpg.ForeignKeyViolationError),
            ({"club_id": club_id, "left": -1}, asyncpg.CheckViolationError),
            ({"club_id": club_id, "left": 1, "tenant_id": other}, asyncpg.PostgresError),
        ):
            sql, values = _perk(**{**perk, "id": new_id(), **wrong})
            with pytest.raises(refusal):
                await app.execute(sql, *values)
        sql, values = _perk(**perk, id=new_id(), club_id=club_id, left=1)
        await app.execute(sql, *values)
        sql, values = _perk(**perk, id=new_id(), club_id=club_id, left=1)
        with pytest.raises(asyncpg.UniqueViolationError):
            await app.execute(sql, *values)

        await app.execute("DELETE FROM club WHERE id = $1", club_id)
        rows = await app.fetch("SELECT tenant_id, club_id FROM perk")
        assert [tuple(row) for row in rows] == [(one, None)]


async def test_models_and_migrations_say_the_same() -> None:
    assert await pending_changes(APPS) == []


async def test_drift_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    migration = _migration("tests.support.club.migrations.0002_visits")
    monkeypatch.setattr(migration, "operations", migration.operations[:-1])
    assert await pending_changes(APPS) == ["club: Create model Visit"]


async def test_a_many_to_many_field_is_refused(
    ground: Places, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = _migration("tests.support.perks.migrations.0001_initial")
    create = migration.operations[0]
    assert isinstance(create, ops.CreateModel)
    monkeypatch.setattr(
        create,
        "fields",
        [*create.fields, ("guests", fields.ManyToManyField("core.Member", related_name="perks"))],
    )
    monkeypatch.setattr(create, "_model", None)  # made from the fields when it is first asked for
    with pytest.raises(ManyToManyRefused) as refused:
        await migrate(ground.owner(), APPS)
    assert str(refused.value) == (
        "Perk has a ManyToManyField, whose table has no tenant; "
        "write the join table as a model with tenant_id"
    )
    assert await _here(owner) == ["club", "club_visit"]


def _migration(module: str) -> Any:
    return import_module(module).Migration


async def test_a_migration_that_fails_in_the_middle_leaves_the_former_one(
    ground: Places, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(ground.owner(), APPS, targets={"club": "0001_initial"})
    migration = _migration("tests.support.club.migrations.0002_visits")
    with monkeypatch.context() as patched:
        patched.setattr(migration, "operations", [*migration.operations, RunSQL("SELECT 1 / 0")])
        with pytest.raises(Exception, match="division by zero"):
            await migrate(ground.owner(), APPS)
    assert await _here(owner) == ["club"]
    assert await _columns(owner, "club") == {"tenant_id", "id", "name", "founder_id"}
    assert "club.0002_visits" in await pending_migrations(ground.owner(), APPS)
    await migrate(ground.owner(), APPS)
    assert await _here(owner) == OURS
    assert await pending_migrations(ground.owner(), APPS) == []
    assert await _breaches(owner) == []


async def test_a_new_tenant_table_is_granted_to_the_app_only(
    ground: Places, owner: asyncpg.Connection
) -> None:
    await migrate(ground.owner(), APPS)
    rows = await owner.fetch(
        "SELECT c.relname::text AS name, g.grantee::regrole::text AS role, "
        "string_agg(g.privilege_type, ' ' ORDER BY g.privilege_type) AS rights "
        "FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g "
        "WHERE c.relname = ANY ($1) AND g.grantee <> c.relowner GROUP BY 1, 2 ORDER BY 1, 2",
        OURS,
    )
    assert [tuple(row) for row in rows] == [
        (table, role, rights)
        for table in OURS
        for role, rights in (
            *((role, "DELETE INSERT SELECT UPDATE") for role in (APP, "shuke_own")),
            ("shuke_report", "SELECT"),
            ("shuke_stores", "DELETE INSERT SELECT UPDATE"),
        )
    ]

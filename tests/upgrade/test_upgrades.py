"""During an upgrade old processes run on the new schema, and rows of every age come along."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.support.scratch import connection_to, empty_database, migrated_database, own_pool
from tests.support.shop import open_shop
from tests.upgrade.test_migrations_are_safe import BEFORE

from shuke_core.app import installed_apps
from shuke_core.database import migrate as migrating
from shuke_core.database.migrate import migrate
from shuke_core.database.recorded import brought_along
from shuke_core.embedded import EmbeddedServers
from shuke_core.places import Places
from shuke_core.runtime import Runtime

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
STATEMENTS = json.loads((HERE / "statements_of_0_1.json").read_text(encoding="utf-8"))
CORE = [name for app, name in brought_along(installed_apps()) if app == "core"]
OLD = CORE[len(BEFORE) - 1 : -1]  # every schema that a service may stand on, but the newest


@pytest_asyncio.fixture
async def newest(servers: EmbeddedServers) -> AsyncIterator[Places]:
    async with migrated_database(servers) as places:
        yield places


async def refused(db: asyncpg.Connection) -> list[str]:
    """Statements of the former release that the schema no longer takes, or the app may not run."""
    found = []
    for nth, each in enumerate(STATEMENTS):
        sql, values = each["sql"], ", ".join(["NULL"] * each["values"])
        run = f"EXECUTE s{nth}({values})" if values else f"EXECUTE s{nth}"
        try:
            async with db.transaction(readonly=True):
                await db.execute(f"SET LOCAL shuke.tenant_id = '{UUID(int=1)}'")
                await db.execute(f"PREPARE s{nth} AS {sql}")
                await db.execute(f"EXPLAIN {run}")
        except asyncpg.PostgresError as fault:
            found.append(f"{fault}: {sql[:80]}")
    return found


async def test_the_former_release_runs_on_the_new_schema(newest: Places) -> None:
    assert len(STATEMENTS) > 50
    async with connection_to(newest.app_dsn) as app, connection_to(newest.owner()) as owner:
        known = await refused(app)
        assert known == []
        await owner.execute("ALTER TABLE inbox RENAME COLUMN accepted TO taken")
        await owner.execute("REVOKE INSERT ON orders FROM shuke_app")
    async with connection_to(newest.app_dsn) as app:
        broken = await refused(app)
    assert any('"accepted"' in said or "accepted" in said for said in broken)
    assert any("permission denied for table orders" in said for said in broken)


@pytest.mark.parametrize("name", OLD)
async def test_a_database_with_rows_comes_along_from_each_earlier_schema(
    name: str, servers: EmbeddedServers, runtime: Runtime
) -> None:
    async with empty_database(servers) as places:
        await migrate(places.owner(), installed_apps(), targets={"core": name})
        kept = uuid4()
        async with connection_to(places.owner()) as owner, owner.transaction():
            await owner.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(kept))
            await owner.execute(
                "INSERT INTO event (tenant_id, id, type, entity, payload, position) "
                "VALUES ($1, $1, 'order.completed', 'order:1', '{}', 1)",
                kept,
            )
        assert await migrate(places.owner(), installed_apps()) >= len(CORE) - CORE.index(name) - 1
        async with own_pool(places, 4):
            shop = await open_shop(
                Runtime(runtime.settings, places), points_per_yuan=Decimal(1), expires_after_days=1
            )
            await shop.sold(shop.ticket(phone="138 0013 8000"))
            assert (await shop.verified()).issued == 12
        async with connection_to(places.owner()) as owner, owner.transaction():
            await owner.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(kept))
            assert await owner.fetchval("SELECT count(*) FROM event WHERE trace IS NULL") == 1


async def test_aliases_that_had_fallen_behind_catch_up(servers: EmbeddedServers) -> None:
    tenants, store, member, alias = [uuid4(), uuid4()], uuid4(), uuid4(), uuid4()
    async with empty_database(servers) as places:
        await migrate(places.owner(), installed_apps(), targets={"core": "0019_consents"})
        async with connection_to(places.owner()) as owner:
            for tenant in tenants:
                async with owner.transaction():
                    await owner.execute(
                        "SELECT set_config('shuke.tenant_id', $1, true)", str(tenant)
                    )
                    await owner.execute(
                        "INSERT INTO tenant (id, slug, name, zone, currency, day_starts_at, state, "
                        "created_at) VALUES ($1, $2, 'x', 'UTC', 'CNY', 0, 'active', now())",
                        *(tenant, f"t-{tenant.hex}"),
                    )
                    await owner.execute(
                        "INSERT INTO store (tenant_id, id, code, name, state, created_at) "
                        "VALUES ($1, $2, 'S', 'x', 'active', now())",
                        *(tenant, store),
                    )
                    await owner.execute(
                        "INSERT INTO member (tenant_id, id, card_no, state, joined_at, store_id, "
                        "merged_into_id) VALUES ($1, $2, '1', 'active', now(), $3, NULL), "
                        "($1, $4, '2', 'merged', now(), NULL, $2)",
                        *(tenant, member, store, alias),
                    )
        await migrate(places.owner(), installed_apps())
        async with connection_to(places.owner()) as owner:
            for tenant in tenants:
                async with owner.transaction():
                    await owner.execute(
                        "SELECT set_config('shuke.tenant_id', $1, true)", str(tenant)
                    )
                    rows = await owner.fetch(
                        "SELECT store_id FROM member WHERE tenant_id = $1", tenant
                    )
                    assert [row["store_id"] for row in rows] == [store, store]


async def test_a_table_in_use_is_waited_for_a_second_at_a_time(
    servers: EmbeddedServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_TIMEOUT", "100ms")
    said: list[str] = []
    async with empty_database(servers) as places:
        await migrate(places.owner(), installed_apps(), targets={"core": "0003_plugins"})
        async with connection_to(places.owner()) as reader:
            held = reader.transaction()
            await held.start()
            await reader.execute("LOCK TABLE inbox IN ACCESS SHARE MODE")

            task = asyncio.create_task(
                migrate(places.owner(), installed_apps(), progress=said.append)
            )
            async with asyncio.timeout(20):
                while sum("a table is in use" in line for line in said) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            async with connection_to(places.app_dsn) as app:  # nobody queues behind the migration
                await app.execute("SET lock_timeout = '1s'")
                await app.fetch("SELECT count(*) FROM inbox")
            await held.rollback()
            assert await task > 0


async def test_an_index_that_was_broken_off_is_made_anew(servers: EmbeddedServers) -> None:
    async with empty_database(servers) as places:
        await migrate(places.owner(), installed_apps(), targets={"core": "0005_traces"})
        async with connection_to(places.admin_dsn or "") as admin:
            await admin.execute("CREATE INDEX inbox_dead ON inbox (tenant_id)")
            await admin.execute(
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'inbox_dead'::regclass"
            )
        await migrate(places.owner(), installed_apps())
        async with connection_to(places.owner()) as owner:
            made = await owner.fetchrow(
                "SELECT indisvalid, pg_get_indexdef(indexrelid) AS says FROM pg_index "
                "WHERE indexrelid = 'inbox_dead'::regclass"
            )
        assert made["indisvalid"]
        assert "WHERE" in made["says"]

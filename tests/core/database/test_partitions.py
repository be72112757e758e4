"""Partitions by day: made ahead, dropped when old, and no event is lost or seen by others meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.support.catalogue import row_security_is_forced
from tests.support.catalogue_rights import grants_are_as_agreed
from tests.support.scratch import connection_to, migrated_database

from shuke_core.database import partitions
from shuke_core.database.partitions import DAYS_AHEAD, days_ahead, ensure_partitions
from shuke_core.embedded import EmbeddedServers
from shuke_core.places import Places
from shuke_core.tenants.services import register_tenant

pytestmark = pytest.mark.slow

FAR = timedelta(days=400)


@pytest_asyncio.fixture
async def ground(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """A migrated database of this test's own."""
    async with migrated_database(servers) as places:
        yield places


@pytest_asyncio.fixture
async def owner(ground: Places) -> AsyncIterator[asyncpg.Connection]:
    """The owner's connection."""
    async with connection_to(ground.owner()) as connection:
        yield connection


async def _names(owner: asyncpg.Connection) -> set[str]:
    rows = await owner.fetch(
        "SELECT relname::text AS name FROM pg_class WHERE relispartition AND relkind = 'r'"
    )
    return {row["name"] for row in rows}


def _named(day: date) -> str:
    return f"event_{day:%Y%m%d}"


async def _announce(app: asyncpg.Connection, tenant_id: UUID, at: datetime) -> UUID:
    event_id = uuid4()
    async with app.transaction():
        await app.execute(f"SET LOCAL shuke.tenant_id = '{tenant_id}'")
        await app.execute(
            "INSERT INTO event (tenant_id, id, recorded_at, type, entity, payload) "
            "VALUES ($1, $2, $3, 'made.up', 'thing:1', '{}')",
            *(tenant_id, event_id, at),
        )
    return event_id


async def _seen(app: asyncpg.Connection, tenant_id: UUID | None) -> set[UUID]:
    async with app.transaction():
        if tenant_id is not None:
            await app.execute(f"SET LOCAL shuke.tenant_id = '{tenant_id}'")
        return {row["id"] for row in await app.fetch("SELECT id FROM event")}


async def _lies_in(ground: Places, event_id: UUID) -> list[str]:
    assert ground.admin_dsn is not None
    async with connection_to(ground.admin_dsn) as admin:
        rows = await admin.fetch(
            "SELECT tableoid::regclass::text AS name FROM event WHERE id = $1", event_id
        )
    return [row["name"] for row in rows]


async def test_a_second_run_changes_nothing(owner: asyncpg.Connection) -> None:
    before = await _names(owner)
    again = await ensure_partitions(owner)
    assert (again.made, again.dropped, again.moved) == ((), (), 0)
    assert await _names(owner) == before


async def test_yesterday_to_fourteen_days_ahead_are_made(owner: asyncpg.Connection) -> None:
    day = datetime.now(UTC).date() + FAR
    done = await ensure_partitions(owner, day, followers={})
    wanted = [_named(day + timedelta(days=n)) for n in range(-1, DAYS_AHEAD + 1)]
    assert list(done.made) == wanted
    assert await _names(owner) == {*wanted, "event_default"}
    assert await days_ahead(owner, day) == DAYS_AHEAD + 1


async def test_partitions_past_thirty_days_are_dropped_and_no_younger_one(
    owner: asyncpg.Connection,
) -> None:
    today = datetime.now(UTC).date()
    before = await _names(owner) - {"event_default"}
    then = today + timedelta(days=32)
    assert (await ensure_partitions(owner, then)).dropped == ()  # who migrates drops nothing
    done = await ensure_partitions(owner, then, followers={})
    old = {_named(today + timedelta(days=n)) for n in (-1, 0, 1)}
    assert set(done.dropped) == old
    assert before - old <= await _names(owner)


FOLLOWERS = {"points.rate_orders": None, "retail.count": "retail"}
HEAD = 4


class Old:
    """A tenant with events at the positions 1 to 4, all of today, which is long ago soon."""

    def __init__(self, owner: asyncpg.Connection, tenant_id: UUID) -> None:
        self.owner, self.tenant_id = owner, tenant_id

    async def put(self, statement: str, *values: object) -> None:
        async with self.owner.transaction():
            await self.owner.execute(
                "SELECT set_config('shuke.tenant_id', $1, true)", str(self.tenant_id)
            )
            await self.owner.execute(statement, self.tenant_id, *values)

    async def stands_at(self, reaction: str, position: int) -> None:
        await self.put(
            "INSERT INTO reaction_cursor (tenant_id, id, name, position) "
            "VALUES ($1, gen_random_uuid(), $2, $3) "
            "ON CONFLICT (tenant_id, name) DO UPDATE SET position = $3",
            *(reaction, position),
        )

    async def switched(self, state: str) -> None:
        await self.put(
            "INSERT INTO plugin_switch (tenant_id, id, key, state, settings, changed_at) "
            "VALUES ($1, gen_random_uuid(), 'retail', $2, '{}', now()) "
            "ON CONFLICT (tenant_id, key) DO UPDATE SET state = $2",
            state,
        )

    async def parked(self, state: str) -> None:
        await self.put(
            "INSERT INTO parked_event (tenant_id, id, reaction, position, entity, state, attempt, "
            "due_at, reason, parked_at) VALUES ($1, gen_random_uuid(), 'points.rate_orders', 2, "
            "'order:1', $2, 1, now(), '', now()) "
            "ON CONFLICT (tenant_id, reaction, position) DO UPDATE SET state = $2",
            state,
        )


async def _old(ground: Places, owner: asyncpg.Connection) -> Old:
    tenant_id, _ = await register_tenant(
        ground.owner(), slug=f"t-{uuid4().hex[:8]}", name="x", zone="Asia/Shanghai"
    )
    old = Old(owner, tenant_id)
    await old.put(
        "INSERT INTO event (tenant_id, id, type, entity, payload, position) "
        "SELECT $1, gen_random_uuid(), 'made.up', 'thing:1', '{}', n FROM generate_series(1, $2) n",
        HEAD,
    )
    for name in FOLLOWERS:
        await old.stands_at(name, HEAD)
    return old


async def _maintained(owner: asyncpg.Connection) -> tuple[bool, bool]:
    """Whether today's partition is kept, and dropped, in forty days."""
    today = datetime.now(UTC).date()
    done = await ensure_partitions(owner, today + timedelta(days=40), followers=FOLLOWERS)
    return _named(today) in done.kept, _named(today) in done.dropped


KEPT, DROPPED = (True, False), (False, True)


async def test_a_day_that_a_reaction_has_not_come_to_stays_until_it_has(
    ground: Places, owner: asyncpg.Connection
) -> None:
    suspended, other = await _old(ground, owner), await _old(ground, owner)
    await suspended.stands_at("points.rate_orders", HEAD - 1)
    await owner.execute("UPDATE tenant SET state = 'suspended' WHERE id = $1", suspended.tenant_id)
    assert await _maintained(owner) == KEPT
    assert await _maintained(owner) == KEPT
    async with connection_to(ground.app_dsn) as app:
        assert len(await _seen(app, suspended.tenant_id)) == HEAD
        assert len(await _seen(app, other.tenant_id)) == HEAD
    await suspended.stands_at("points.rate_orders", HEAD)
    assert await _maintained(owner) == DROPPED


async def test_a_day_with_a_parked_or_a_dead_event_stays_until_it_is_done(
    ground: Places, owner: asyncpg.Connection
) -> None:
    old = await _old(ground, owner)
    for state in ("parked", "dead"):
        await old.parked(state)
        assert await _maintained(owner) == KEPT
    await old.parked("done")
    assert await _maintained(owner) == DROPPED


async def test_a_plugin_that_is_off_keeps_no_day(ground: Places, owner: asyncpg.Connection) -> None:
    old = await _old(ground, owner)
    await old.stands_at("retail.count", 0)
    await old.switched("on")
    assert await _maintained(owner) == KEPT
    await old.switched("off")
    assert await _maintained(owner) == DROPPED


async def test_a_reaction_that_never_ran_keeps_the_day(
    ground: Places, owner: asyncpg.Connection
) -> None:
    old = await _old(ground, owner)
    await old.put("DELETE FROM reaction_cursor WHERE tenant_id = $1")
    assert await _maintained(owner) == KEPT


async def test_what_is_made_is_protected(owner: asyncpg.Connection) -> None:
    await ensure_partitions(owner, datetime.now(UTC).date() + timedelta(days=3))
    assert await row_security_is_forced(owner) == []
    assert await grants_are_as_agreed(owner) == []


async def test_an_event_without_partition_waits_in_the_default_and_moves_without_loss(
    ground: Places, owner: asyncpg.Connection
) -> None:
    one, other = uuid4(), uuid4()
    day = datetime.now(UTC).date() + FAR
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    midnight = noon - timedelta(hours=12)
    elsewhere = noon + timedelta(days=100)
    async with connection_to(ground.app_dsn) as app:
        ours = {await _announce(app, one, at) for at in (midnight, noon, elsewhere)}
        theirs = {await _announce(app, other, noon)}
        for event_id in ours | theirs:
            assert await _lies_in(ground, event_id) == ["event_default"]
        assert await _seen(app, one) == ours
        assert await _seen(app, other) == theirs
        assert await _seen(app, None) == set()

        done = await ensure_partitions(owner, day)
        assert done.moved == 3
        assert await _seen(app, one) == ours
        assert await _seen(app, other) == theirs
        assert await _seen(app, None) == set()
        homes = sorted([(await _lies_in(ground, event_id))[0] for event_id in ours | theirs])
        assert homes == [_named(day), _named(day), _named(day), "event_default"]
        assert (await ensure_partitions(owner, day)).moved == 0
    assert await row_security_is_forced(owner) == []


async def test_an_event_of_today_lies_in_the_partition_of_its_utc_day(ground: Places) -> None:
    now = datetime.now(UTC)
    async with connection_to(ground.app_dsn) as app:
        event_id = await _announce(app, uuid4(), now)
    assert await _lies_in(ground, event_id) == [_named(now.date())]


async def test_a_table_in_use_is_come_back_to_and_nobody_waits_behind_for_long(
    ground: Places, owner: asyncpg.Connection
) -> None:
    day = datetime.now(UTC).date() + FAR
    async with connection_to(ground.app_dsn) as app, connection_to(ground.app_dsn) as other:
        reading = app.transaction()
        await reading.start()
        await app.fetch("SELECT FROM event")
        making = asyncio.create_task(ensure_partitions(owner, day))
        await asyncio.sleep(0.3)
        async with asyncio.timeout(2):
            await _announce(other, uuid4(), datetime.now(UTC))
        await asyncio.sleep(1.2)  # it has given up at least once by now
        assert not making.done()
        await reading.rollback()
        assert len((await making).made) == DAYS_AHEAD + 2
    assert await owner.fetchval("SHOW lock_timeout") == "0"


async def test_a_table_that_stays_in_use_fails_and_leaves_no_limit_behind(
    ground: Places, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "LOCK_ATTEMPTS", 2)
    monkeypatch.setattr(partitions, "LOCK_TIMEOUT", "50ms")
    async with connection_to(ground.app_dsn) as app, app.transaction():
        await app.fetch("SELECT FROM event")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await ensure_partitions(owner, datetime.now(UTC).date() + FAR)
    assert await owner.fetchval("SHOW lock_timeout") == "0"

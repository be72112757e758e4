"""What `shuke doctor` says of work that waits, and of databases that this version did not migrate."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from shutil import rmtree
from tempfile import mkdtemp
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from tests.support.scratch import connection_to, migrated_database
from tests.support.shop import Shop

from shuke_core.doctor.examination import examine
from shuke_core.doctor.findings import Finding, Health
from shuke_core.embedded import EmbeddedServers
from shuke_core.embedded.backups import take_backup
from shuke_core.events.reactions import reactions_of_core
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.places import Places, master_key
from shuke_core.runtime import NotMigrated, Runtime, connected
from shuke_core.settings import Settings
from shuke_core.tenants.errors import MasterKeyWrong, TenantKeysMissing
from shuke_core.tenants.keyring import tenant_keys, use_master_key
from shuke_core.tenants.services import register_tenant

_LAST = "DELETE FROM tortoise_migrations WHERE name = '0003_plugins'"


@pytest_asyncio.fixture
async def ground(servers: EmbeddedServers) -> AsyncIterator[Places]:
    """A migrated database of this test's own."""
    async with migrated_database(servers) as places:
        yield places


@pytest.fixture
def own_servers() -> Iterator[EmbeddedServers]:
    """Servers of this test's own, whose archive may be spoilt."""
    home = Path(mkdtemp(prefix="shuke-test-")).resolve()  # pytest's own is closed to PostgreSQL
    home.chmod(0o711)
    with EmbeddedServers.join(home, durable=False) as servers:
        yield servers
    rmtree(home)


async def found(settings: Settings, places: Places) -> dict[str, Finding]:
    return {finding.subject: finding async for finding in examine(settings, places)}


@pytest.mark.slow
async def test_events_that_get_no_position_and_late_schedules_are_found(
    runtime: Runtime, shop: Shop
) -> None:
    await shop.send(shop.ticket(phone="13800138000"))
    await shop.work("inbox")
    async with unit_of_work(shop.tenant_id):
        await fetch(
            "INSERT INTO schedule (tenant_id, id, name, slot_at, state, attempt, due_at) "
            "VALUES ($1, $1, 'doctor.late', now(), 'waiting', 0, now() - interval '2 minutes')"
        )
    try:
        late = await found(runtime.settings, runtime.places)
    finally:
        async with unit_of_work(shop.tenant_id):
            await fetch("DELETE FROM schedule WHERE tenant_id = $1 AND name = 'doctor.late'")
    assert late["events"].health is Health.WARNING
    assert "get" in late["events"].sentence
    assert late["schedules"].health is Health.WARNING
    assert "overdue for more than 60 s" in late["schedules"].sentence


@asynccontextmanager
async def unit_in(ground: Places) -> AsyncIterator[tuple[asyncpg.Connection, UUID]]:
    """A transaction of a new tenant of this database, as the app."""
    slug = f"t-{token_hex(4)}"
    tenant_id, _ = await register_tenant(ground.owner(), slug=slug, name="x", zone="Asia/Shanghai")
    async with connection_to(ground.app_dsn) as app, app.transaction():
        await app.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant_id))
        yield app, tenant_id


@pytest.mark.slow
async def test_an_event_that_waits_behind_another_is_counted_and_not_old(
    ground: Places, runtime: Runtime
) -> None:
    async with unit_in(ground) as (app, tenant_id):
        await app.execute(
            "INSERT INTO parked_event (tenant_id, id, reaction, position, entity, state, attempt, "
            "due_at, reason, parked_at) "
            "VALUES ($1, $1, 'points.earn', 2, 'order:1', 'parked', 1, 'infinity', 'waits', now())",
            tenant_id,
        )
    said = (await found(runtime.settings, ground))["parked events"]
    assert (said.health, said.sentence) == (Health.GOOD, "1 waiting, none dead")


async def _history(ground: Places, *, seal_at: int, ages: Sequence[int]) -> None:
    """Events of these ages in seconds, at the positions 1, 2, ...; every reaction of the core is at
    the end of them, only `audit.seal` at `seal_at`."""
    async with unit_in(ground) as (app, tenant_id):
        await app.execute(
            "INSERT INTO event (tenant_id, id, recorded_at, position, type, entity, payload) "
            "SELECT $1, gen_random_uuid(), now() - make_interval(secs => age), n, "
            "'audit.recorded', 'audit', '{}' "
            "FROM unnest($2::int[]) WITH ORDINALITY AS e(age, n)",
            *(tenant_id, list(ages)),
        )
        await app.execute(
            "INSERT INTO relay (tenant_id, id, position) VALUES ($1, $1, $2)",
            *(tenant_id, len(ages)),
        )
        await app.execute(
            "INSERT INTO reaction_cursor (tenant_id, id, name, position) "
            "SELECT $1, gen_random_uuid(), name, CASE name WHEN 'audit.seal' THEN $3::bigint ELSE $4 END "
            "FROM unnest($2::text[]) AS name",
            *(tenant_id, reactions_of_core(), seal_at, len(ages)),
        )


@pytest.mark.slow
async def test_acts_that_are_not_sealed_are_told_with_the_age_of_the_oldest(
    ground: Places, runtime: Runtime
) -> None:
    assert "audit.seal" in reactions_of_core()
    await _history(ground, seal_at=1, ages=[9000, 5])  # what is old is sealed
    said = (await found(runtime.settings, ground))["reactions"]
    assert (said.health, said.sentence) == (Health.GOOD, "none stands still")
    await _history(ground, seal_at=1, ages=[9000, 4000, 5])
    await _history(ground, seal_at=0, ages=[300])
    said = (await found(runtime.settings, ground))["reactions"]
    assert said.health is Health.WARNING
    told = re.fullmatch(r"stand still before .*: audit\.seal \((\d+) s\)", said.sentence)
    assert told is not None
    assert 4000 <= int(told[1]) < 4100


@pytest.mark.slow
async def test_a_reaction_that_never_ran_counts_from_the_first_event(
    ground: Places, runtime: Runtime
) -> None:
    await _history(ground, seal_at=1, ages=[500])
    async with connection_to(ground.admin_dsn or "") as admin:
        await admin.execute("DELETE FROM reaction_cursor WHERE name = 'points.rate_orders'")
    said = (await found(runtime.settings, ground))["reactions"]
    assert re.search(r": points\.rate_orders \(5\d\d s\)$", said.sentence)


@pytest.mark.slow
async def test_what_a_suspended_tenant_has_is_no_trouble(ground: Places, runtime: Runtime) -> None:
    """Messages, parked events, events, reactions and schedules of long ago, one of each."""
    long_ago = "now() - interval '40 days'"
    async with unit_in(ground) as (app, tenant_id):
        for statement in (
            "INSERT INTO integration (tenant_id, id, key, kind, state, created_at) "
            "VALUES ($1, $1, 'till', 'webhook', 'active', now())",
            "INSERT INTO inbox (tenant_id, id, integration_id, message_id, state, attempt, claims, "
            "due_at, received_at, accepted, known, quarantined) "
            f"VALUES ($1, $1, $1, 'm', 'pending', 0, 0, {long_ago}, {long_ago}, 0, 0, 0)",
            "INSERT INTO parked_event (tenant_id, id, reaction, position, entity, state, attempt, "
            "due_at, reason, parked_at) VALUES ($1, $1, 'points.earn', 2, 'order:1', 'dead', 8, "
            f"{long_ago}, 'failed', {long_ago})",
            "INSERT INTO schedule (tenant_id, id, name, slot_at, state, attempt, due_at) "
            f"VALUES ($1, $1, 'doctor.late', {long_ago}, 'waiting', 0, {long_ago})",
            "INSERT INTO event (tenant_id, id, type, entity, payload, recorded_at, position) VALUES "
            f"($1, gen_random_uuid(), 'audit.recorded', 'audit', '{{}}', {long_ago}, 1), "
            f"($1, gen_random_uuid(), 'audit.recorded', 'audit', '{{}}', {long_ago}, NULL)",
            "INSERT INTO relay (tenant_id, id, position) VALUES ($1, $1, 1)",
        ):
            await app.execute(statement, tenant_id)
    subjects = ("messages", "parked events", "events", "reactions", "schedules")
    before = await found(runtime.settings, ground)
    assert {before[each].health for each in subjects} == {Health.WARNING}
    assert before["tenants"].sentence == "none suspended"
    async with connection_to(ground.owner()) as owner:
        await owner.execute("UPDATE tenant SET state = 'suspended' WHERE id = $1", tenant_id)
    after = await found(runtime.settings, ground)
    assert {after[each].health for each in subjects} == {Health.GOOD}, after
    assert after["tenants"].sentence == "1 suspended, whose work waits on purpose"


@pytest.mark.slow
async def test_wal_that_can_not_be_archived_is_told_until_it_was(
    own_servers: EmbeddedServers, runtime: Runtime
) -> None:
    servers, settings = own_servers, runtime.settings
    take_backup(servers.postgres)  # the archive begins with it
    async with migrated_database(servers) as places, connection_to(servers.admin_dsn) as admin:

        async def comes(column: str) -> None:
            """Finishes a WAL file and waits until the archiver has told of it."""
            before = await admin.fetchval(f"SELECT {column} FROM pg_stat_archiver")
            await admin.execute("SELECT pg_logical_emit_message(false, 'test', 'x')")
            await admin.execute("SELECT pg_switch_wal()")
            for _ in range(600):
                if await admin.fetchval(f"SELECT {column} FROM pg_stat_archiver") != before:
                    return
                await asyncio.sleep(0.05)
            raise AssertionError(f"{column} stays {before}")

        await comes("archived_count")
        assert (await found(settings, places))["WAL archive"].health is Health.GOOD
        wal = await admin.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
        other = servers.postgres.archive / wal
        other.write_text("another file of this name, which is never overwritten")
        await comes("failed_count")
        said = (await found(settings, places))["WAL archive"]
        assert said.health is Health.WARNING
        assert said.sentence.startswith(f"{wal} could not be archived, last tried at 20")
        other.unlink()
        await comes("archived_count")
        assert (await found(settings, places))["WAL archive"].health is Health.GOOD


@pytest.mark.slow
async def test_in_order_nothing_is_warned_of(ground: Places, runtime: Runtime) -> None:
    findings = await found(runtime.settings, ground)
    assert {f.health for f in findings.values()} == {Health.GOOD}, findings
    assert findings["messages"].sentence == "0 waiting, none dead"
    assert findings["events"].sentence == "none without a position"
    assert findings["reactions"].sentence == "none stands still"
    assert findings["schedules"].sentence == "none is overdue"
    assert findings["tenants"].sentence == "none suspended"
    assert findings["WAL archive"].sentence == "no file is waiting for another attempt"
    assert "tenants' keys" not in findings  # there is no tenant yet


@pytest.mark.slow
async def test_an_older_database_is_refused_with_what_it_lacks(
    ground: Places, runtime: Runtime
) -> None:
    async with connection_to(ground.owner()) as owner:
        assert await owner.execute(_LAST) == "DELETE 1"
    findings = await found(runtime.settings, ground)
    assert findings["migrations"].sentence == "missing: core.0003_plugins"
    assert findings["migrations"].health is Health.FAILED
    with pytest.raises(NotMigrated, match=r"lacks .*: core\.0003_plugins\. Run `shuke migrate`"):
        async with connected(runtime.settings, ground):
            raise AssertionError("it starts")


@pytest.mark.slow
async def test_a_database_of_a_newer_version_is_fine(ground: Places, runtime: Runtime) -> None:
    async with connection_to(ground.owner()) as owner:
        await owner.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) "
            "VALUES ('core', '9999_to_come', now())"
        )
    assert (await found(runtime.settings, ground))["migrations"].health is Health.GOOD


@pytest.mark.slow
async def test_a_database_from_before_the_record_could_be_read_is_refused(
    ground: Places, runtime: Runtime
) -> None:
    async with connection_to(ground.owner()) as owner:
        await owner.execute("REVOKE SELECT ON tortoise_migrations FROM shuke_app")
    with pytest.raises(NotMigrated, match=r"core\.0001_initial"):
        async with connected(runtime.settings, ground):
            raise AssertionError("it starts")


@pytest.mark.slow
async def test_a_tenant_without_keys_and_one_of_another_key_are_found(
    ground: Places, runtime: Runtime
) -> None:
    tenant_id, _ = await register_tenant(
        ground.owner(), slug="half-made", name="x", zone="Asia/Shanghai"
    )
    master_key(runtime.settings, may_make=True)
    finding = (await found(runtime.settings, ground))["tenants' keys"]
    assert (finding.health, finding.sentence) == (
        Health.FAILED,
        str(TenantKeysMissing(tenant_id=tenant_id)),
    )
    async with connection_to(ground.app_dsn) as app, app.transaction():
        await app.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant_id))
        await app.execute(
            "INSERT INTO tenant_key (tenant_id, id, master_key_id, sealing, digesting, created_at) "
            "VALUES ($1, $1, 'another', '', '', now())",
            tenant_id,
        )
    finding = (await found(runtime.settings, ground))["tenants' keys"]
    mine = master_key(runtime.settings, may_make=False).id
    wrong = MasterKeyWrong(tenant_id=tenant_id, wanted="another", found=mine)
    assert (finding.health, finding.sentence) == (Health.FAILED, str(wrong))


async def test_a_tenant_without_keys_is_told_apart_from_a_missing_master_key(
    runtime: Runtime, shop: Shop
) -> None:
    use_master_key(master_key(runtime.settings, may_make=False))  # forgets what was unwrapped

    async def look_without_keys() -> None:
        async with unit_of_work(shop.tenant_id):
            await fetch("DELETE FROM tenant_key WHERE tenant_id = $1")
            await tenant_keys()

    with pytest.raises(TenantKeysMissing, match="repeat `shuke tenant create`"):
        await look_without_keys()
    async with unit_of_work(shop.tenant_id):
        assert (await tenant_keys()).id  # it was rolled back

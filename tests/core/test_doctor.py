"""What `shuke doctor` says of work that waits, and of databases that this version did not migrate."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.scratch import connection_to, empty_database
from tests.support.shop import Shop

from shuke_core.app import installed_apps
from shuke_core.database.migrate import migrate
from shuke_core.doctor import Finding, Health, examine
from shuke_core.embedded import EmbeddedServers
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
    async with empty_database(servers) as places:
        await migrate(places.owner(), installed_apps())
        yield places


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


@pytest.mark.slow
async def test_an_event_that_waits_behind_another_is_counted_and_not_old(
    runtime: Runtime, shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        await fetch(
            "INSERT INTO parked_event (tenant_id, id, reaction, position, entity, state, attempt, "
            "due_at, reason, parked_at) "
            "VALUES ($1, $1, 'points.earn', 2, 'order:1', 'parked', 1, 'infinity', 'waits', now())"
        )
    try:
        said = (await found(runtime.settings, runtime.places))["parked events"]
    finally:
        async with unit_of_work(shop.tenant_id):
            await fetch("DELETE FROM parked_event WHERE tenant_id = $1")
    assert "wait" in said.sentence  # other tests of this database may have left some


@pytest.mark.slow
async def test_in_order_nothing_is_warned_of(ground: Places, runtime: Runtime) -> None:
    findings = await found(runtime.settings, ground)
    assert {f.health for f in findings.values()} == {Health.GOOD}, findings
    assert findings["messages"].sentence == "0 waiting, none dead"
    assert findings["events"].sentence == "none without a position"
    assert findings["schedules"].sentence == "none is overdue"
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

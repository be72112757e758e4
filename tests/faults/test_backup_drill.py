"""The drill: a backup under load, a restore to a chosen time; nothing before it is missing, nothing
after it is there, and roles, policies, grants and ledger are whole."""

import asyncio
import random
import shutil
from datetime import UTC, datetime
from time import time

import pytest
from tests.faults.fault_run import booked
from tests.support import catalogue_keys as keys
from tests.support import catalogue_rights as rights
from tests.support.catalogue import RULES as CATALOGUE
from tests.support.command_line import CommandLine
from tests.support.fleet import Fleet, a_fleet, free_port, verify, web, worker
from tests.support.history import Act, History, Outcome, contradictions, find
from tests.support.recording_till import RecordingTill
from tests.support.scratch import connection_to

from shuke_core.database.roles import refuse_unsafe_role
from shuke_core.embedded import EmbeddedServers
from shuke_core.places import EMBEDDED_DATABASE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

RULES = (
    *CATALOGUE,
    keys.indexes_begin_with_the_tenant,
    keys.indexes_serve_under_row_security,
    keys.foreign_keys_carry_the_tenant,
    keys.set_null_names_its_column,
    rights.grants_are_as_agreed,
    rights.column_grants_are_as_agreed,
    rights.nothing_is_granted_ahead,
    rights.nothing_looks_past_row_security,
    rights.roles_are_harmless,
)


def _said(shuke: CommandLine, *words: str) -> str:
    said = shuke(*words)
    assert said.code == 0, said.err
    return said.out


async def _sold(till: RecordingTill, sales: int) -> Act:
    for _ in range(sales):
        (last,) = await till.sell()
    return last


async def test_a_restore_has_all_that_was_acknowledged_before_and_nothing_of_after() -> None:
    with a_fleet({"web": web(free_port()), "worker": worker()}) as fleet:
        fleet.start("web")
        fleet.start("worker")
        await fleet.is_up()
        till = RecordingTill(fleet.web_urls, fleet.slug, fleet.secret, random.Random(2))  # noqa: S311
        await _sold(till, 20)
        loading = asyncio.create_task(_sold(till, 60))
        await asyncio.to_thread(_said, fleet.shuke, "backup")
        await booked(fleet, [(await loading).key], 20)
        await till.take_back()
        await asyncio.sleep(0.5)
        moment = time()
        await asyncio.sleep(0.5)
        after = await _sold(till, 40)
        await booked(fleet, [after.key], 20)
        await till.close()
        for name in ("web", "worker"):
            assert await asyncio.to_thread(fleet.stop, name) == 0
        await _check(fleet, till.history, moment)


async def _check(fleet: Fleet, history: History, moment: float) -> None:
    new_home = fleet.shuke.home.parent / "restored"
    said = datetime.fromtimestamp(moment, UTC).isoformat()
    before = history.until(moment)
    later = {act.key for act in history.acts} - {act.key for act in before.acts}
    assert (len(before.acts), len(later)) == (81, 40)
    assert before.count(Outcome.ACKNOWLEDGED) == 81
    await asyncio.to_thread(_said, fleet.shuke, "restore", "--to", said, "--home", str(new_home))
    again = await asyncio.to_thread(fleet.shuke, "restore", "--to", said, "--home", str(new_home))
    assert (again.code, "not empty" in again.err) == (2, True)
    without_key = CommandLine(new_home)
    refused = await asyncio.to_thread(without_key, "ledger", "verify")
    assert (refused.code, "master.key" in refused.err) == (2, True)
    shutil.copy(fleet.shuke.home / "master.key", new_home / "master.key")
    # The old servers still run: the new home must not touch them.
    with EmbeddedServers.join(new_home, durable=False) as servers:
        restored = Fleet(
            CommandLine(new_home),
            servers,
            fleet.programs,
            fleet.tenant_id,
            fleet.slug,
            fleet.secret,
        )
        async with restored.database() as db:
            await refuse_unsafe_role(db)
            found = await find(db, fleet.tenant_id)
        assert contradictions(before, found) == []
        assert not later & (found.orders.keys() | found.moved.keys())
        assert (await asyncio.to_thread(verify, restored))["differences"] == 0
        async with connection_to(servers.dsn(user="postgres", database=EMBEDDED_DATABASE)) as db:
            assert [finding for rule in RULES for finding in await rule(db)] == []
            assert await db.fetchval("SELECT NOT pg_is_in_recovery()")
        doctor = await asyncio.to_thread(restored.shuke, "doctor", "--json")
        failed = [f for f in doctor.json["findings"] if f["health"] == "failed"]
        assert failed == []
    async with fleet.database() as db:
        assert after_keys(history) <= (await find(db, fleet.tenant_id)).orders.keys()


def after_keys(history: History) -> set[str]:
    """The sales of the old home: all of them are still there."""
    return {act.key for act in history.acts if act.points > 0}


async def test_a_time_before_the_first_backup_and_one_that_never_came_are_refused() -> None:
    with a_fleet({}) as fleet:
        home = str(fleet.shuke.home.parent / "restored")
        none = await asyncio.to_thread(fleet.shuke, "restore", "--home", home)
        assert (none.code, "There is no backup" in none.err) == (2, True)
        await asyncio.to_thread(_said, fleet.shuke, "backup", "--keep", "1")
        early = await asyncio.to_thread(
            fleet.shuke, "restore", "--to", "2020-01-01T00:00:00Z", "--home", home
        )
        assert (early.code, "finished before 2020" in early.err) == (2, True)
        vague = await asyncio.to_thread(
            fleet.shuke, "restore", "--to", "2030-01-01T00:00:00", "--home", home
        )
        assert (vague.code, "say the zone" in vague.err) == (2, True)
        late = await asyncio.to_thread(
            fleet.shuke, "restore", "--to", "2030-01-01T00:00:00Z", "--home", home
        )
        assert (late.code, "later than the last change" in late.err) == (2, True)
        await asyncio.to_thread(_said, fleet.shuke, "backup", "--keep", "1")
        folder = fleet.servers.postgres.backups
        assert len(list(folder.iterdir())) == 1
        await asyncio.to_thread(_said, fleet.shuke, "restore", "--home", f"{home}-2")

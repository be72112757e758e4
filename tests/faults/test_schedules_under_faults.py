"""Scheduled work while workers are killed and stopped, with clocks two minutes apart: each slot once."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from tests.faults.fault_run import booked, drained, judged
from tests.support.fleet import Fleet, Program, a_fleet, free_port, seeded, web, worker
from tests.support.history import History, Outcome
from tests.support.recording_till import RecordingTill

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SLOT = timedelta(seconds=2)
SLOTS_AFTER = 3
CLEAN = "worker-clean"  # knows nothing of the chore: it finishes what the others have left


@asynccontextmanager
async def _deployment(**workers: Program) -> AsyncIterator[tuple[Fleet, History]]:
    """A fleet with somebody for the chore to give points to; none of these workers runs yet."""
    with a_fleet({"web": web(free_port()), CLEAN: worker(), **workers}) as fleet:
        fleet.start("web")
        await fleet.is_up()
        fleet.start(CLEAN)
        till = RecordingTill(fleet.web_urls, fleet.slug, fleet.secret, random.Random(1))  # noqa: S311
        (sale,) = await till.sell()
        await booked(fleet, [sale.key], 20)
        await till.close()
        yield fleet, till.history


async def _runs(fleet: Fleet) -> dict[datetime, str]:
    """What the schedule has recorded: slot → outcome."""
    async with fleet.database() as db, db.transaction():
        await db.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(fleet.tenant_id))
        rows = await db.fetch("SELECT slot_at, outcome FROM schedule_run WHERE name = 'test.chore'")
    return {row["slot_at"]: row["outcome"] for row in rows}


async def _worked_again(fleet: Fleet) -> None:
    """Returns when slots that began after the last fault are done, and no fault caused another."""
    since = datetime.now(UTC)
    async with asyncio.timeout(60):
        while True:
            runs = await _runs(fleet)
            if sum(at > since and said == "done" for at, said in runs.items()) >= SLOTS_AFTER:
                return
            await asyncio.sleep(0.1)


async def _points(fleet: Fleet) -> int:
    """How often the chore has had its effect."""
    async with fleet.database() as db, db.transaction():
        await db.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(fleet.tenant_id))
        return int(
            await db.fetchval("SELECT count(*) FROM ledger_entry WHERE cause_type = 'chore'")
        )


async def _judged(fleet: Fleet, history: History) -> list[str]:
    """Adds every slot from the first recorded to the last, and lets the checker judge."""
    runs = await _runs(fleet)
    slot, last = min(runs), max(runs)
    while slot <= last:
        history.slot(slot, runs.pop(slot, None))
        slot += SLOT
    assert runs == {}, "recorded, and no slot"
    await drained(fleet)
    _, said = await judged(fleet, history)
    return said


@pytest.mark.alone
async def test_each_slot_is_done_once_or_recorded_as_missed(soak: bool) -> None:
    chance = seeded()
    async with _deployment(
        first=worker(("slow_chore",), SHUKE_LEASE_SECONDS="2"),
        second=worker(("slow_chore", "clock_ahead"), SHUKE_LEASE_SECONDS="2"),
    ) as (fleet, history):
        fleet.start("first")
        fleet.start("second")
        watching = asyncio.create_task(fleet.watch())
        for _ in range(40 if soak else 6):
            await asyncio.sleep(chance.uniform(0.5, 2.5))
            victim = chance.choice(["first", "second"])
            if chance.random() < 0.5:
                await asyncio.to_thread(fleet.kill, victim)
            else:
                code = await asyncio.to_thread(fleet.stop, victim)
                assert code in (0, -signal.SIGTERM)  # the signal, if it was just being started
                fleet.start(victim)
        await _worked_again(fleet)
        watching.cancel()
        for name in ("first", "second"):
            assert await asyncio.to_thread(fleet.stop, name) in (0, -signal.SIGTERM)
        assert await _judged(fleet, history) == []
        assert history.count(Outcome.UNANSWERED) == 0
        assert history.count(Outcome.ACKNOWLEDGED) >= 1 + SLOTS_AFTER  # the sale is one of them


async def _recorded(fleet: Fleet) -> bool:
    return "done" in (await _runs(fleet)).values()


async def _effective(fleet: Fleet) -> bool:
    return await _points(fleet) > 0


@pytest.mark.parametrize(
    ("bent", "kill_when", "findings"),
    [
        ("hasty_chore", _recorded, ["(acknowledged) is lost"]),
        # By the time that the lease is over the slot is done again, or made up for by the next.
        ("chore_apart", _effective, ["(acknowledged) is there 2 times", "(refused) has had an"]),
    ],
)
async def test_a_chore_that_is_recorded_apart_from_its_effect_is_found(
    bent: str, kill_when: Callable[[Fleet], Awaitable[bool]], findings: list[str]
) -> None:
    async with _deployment(first=worker((bent,), SHUKE_LEASE_SECONDS="1")) as (fleet, history):
        fleet.start("first")
        async with asyncio.timeout(60):
            while not await kill_when(fleet):  # noqa: ASYNC110 (another process does it)
                await asyncio.sleep(0.02)
        await asyncio.to_thread(fleet.kill, "first")
        fleet.start("first")
        async with asyncio.timeout(60):
            while list((await _runs(fleet)).values()).count("done") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert await asyncio.to_thread(fleet.stop, "first") == 0
        said = await _judged(fleet, history)
        assert any(finding in each for finding in findings for each in said), said

"""One fault run: load, faults at random points, the time until it works again, and the checker."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from tests.support.fleet import Fleet, seeded, verify
from tests.support.history import Found, History, contradictions, find, summary
from tests.support.recording_till import RecordingTill

from shuke_core.ledger.verify import Verified

SENDERS = 4
BACK_SECONDS = 10.0
HELD_UP_SECONDS = 30.0  # by a machine that others use too
_DRAIN_SECONDS = 30.0


@dataclass
class Report:
    """How a run went. `back` is the seconds until it worked again, by fault."""

    said: list[str]
    back: dict[str, list[float]] = field(default_factory=dict)
    drained: float = 0.0
    found: Found | None = None
    till: RecordingTill | None = None

    def __str__(self) -> str:
        assert self.till is not None
        slowest = {fault: f"{max(times):.1f} s" for fault, times in self.back.items()}
        line = summary(self.till.history, self.said)
        return f"{line}; back after at most {slowest}; drained {self.drained:.1f} s after the load"


async def booked(fleet: Fleet, numbers: Sequence[str], seconds: float) -> float:
    """The seconds until the points of all these sales are booked, seen from outside."""
    start = monotonic()
    while monotonic() - start < seconds:
        async with fleet.database() as db:
            try:
                found = await find(db, fleet.tenant_id)
            except Exception:  # noqa: BLE001 (the server is being restarted: look again)
                found = None
        if found is not None and all(number in found.moved for number in numbers):
            return monotonic() - start
        await asyncio.sleep(0.1)
    raise AssertionError(f"{numbers} are not booked after {seconds} s\n{fleet.logs()[-4000:]}")


async def drained(fleet: Fleet) -> Found:
    """What is there once nothing waits; what never comes to an end is told by the checker."""
    until = monotonic() + _DRAIN_SECONDS
    while True:
        async with fleet.database() as db:
            found = await find(db, fleet.tenant_id)
        if not found.unfinished or monotonic() > until:
            return found
        await asyncio.sleep(0.1)


async def judged(fleet: Fleet, history: History) -> tuple[Found, list[str]]:
    """What is there, the ledger verified in a process of its own, and what contradicts it."""
    told = await asyncio.to_thread(verify, fleet)
    verified = Verified(
        told["accounts"], told["entries"], told["issued"], told["differences"], tuple(told["found"])
    )
    async with fleet.database() as db:
        found = await find(db, fleet.tenant_id, verified)
    return found, contradictions(history, found)


async def _cause(fleet: Fleet, fault: str, chance: random.Random) -> None:
    """Blocking calls go to a thread: the load must not rest while a server restarts."""
    postgres, valkey = fleet.servers.postgres, fleet.servers.valkey
    if fault == "kill -9":
        await asyncio.to_thread(fleet.kill, chance.choice(sorted(fleet.running)))
    elif fault.startswith("kill -9 of "):
        await asyncio.to_thread(fleet.kill, fault.removeprefix("kill -9 of "))
    elif fault == "Redis wiped":
        await asyncio.to_thread(valkey.kill)
        await asyncio.sleep(chance.random())
        await asyncio.to_thread(valkey.start)
    elif fault == "PostgreSQL restarted":
        await asyncio.to_thread(postgres.stop if chance.random() < 0.5 else postgres.kill)
        await asyncio.to_thread(postgres.start)
    else:
        raise ValueError(fault)


async def fault_run(fleet: Fleet, faults: Counter[str], *, seed: int | None = None) -> Report:
    """Starts the fleet, loads it, causes the faults in random order, and checks what is there."""
    chance = seeded(seed)
    for name in fleet.programs:
        fleet.start(name)
    await fleet.is_up()
    till = RecordingTill(fleet.web_urls, fleet.slug, fleet.secret, random.Random(chance.random()))  # noqa: S311
    report = Report([], till=till)
    stop = asyncio.Event()
    watching = asyncio.create_task(fleet.watch())
    senders = [asyncio.create_task(till.load(stop)) for _ in range(SENDERS)]
    order = list(faults.elements())
    chance.shuffle(order)
    try:
        for fault in order:
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            await _cause(fleet, fault, chance)
            start = monotonic()
            (probe,) = await till.sell()
            await booked(fleet, [probe.key], HELD_UP_SECONDS)
            report.back.setdefault(fault, []).append(monotonic() - start)
        stop.set()
        await asyncio.gather(*senders)
        start = monotonic()
        await drained(fleet)
        report.drained = monotonic() - start
    finally:
        stop.set()
        watching.cancel()
        for task in senders:
            task.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        await till.close()
    report.found, report.said = await judged(fleet, till.history)
    return report

"""The pace, with a clock in the hand and a server of a known speed."""

import asyncio
from dataclasses import replace

import pytest

from shuke_schema.demo.pace import Pace
from shuke_schema.demo.till import Status

IDLE = Status(
    received=0,
    pending=0,
    dead=0,
    accepted=0,
    quarantined=0,
    events_behind=0,
    p50=None,
    p99=None,
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("capacity", [5, 40, 200])
def test_the_pace_settles_at_what_the_server_drains(capacity: int) -> None:
    clock = Clock()
    pace = Pace(clock)
    sent = drained = 0.0
    drained_late: list[float] = []
    pending_late: list[int] = []
    for half_second in range(120):
        clock.now += 0.5
        sent += 0 if pace.held else pace.rate * 0.5
        now_drained = min(capacity * 0.5, sent - drained)
        drained += now_drained
        pending = int(sent - drained)
        if half_second >= 60:
            drained_late.append(now_drained)
            pending_late.append(pending)
        pace.observe(replace(IDLE, pending=pending), int(sent))

    assert sum(drained_late) / 30 > 0.85 * capacity
    assert max(pending_late) <= max(12, capacity * 0.4)


@pytest.mark.parametrize(
    "behind",
    [replace(IDLE, pending=41), replace(IDLE, events_behind=5_001)],
    ids=["messages", "events"],
)
async def test_nothing_goes_while_too_much_waits(behind: Status) -> None:
    pace = Pace()
    pace.observe(behind, 0)

    waiting = asyncio.create_task(pace.turn())
    await asyncio.sleep(0.05)
    assert pace.held
    assert not waiting.done()

    pace.observe(IDLE, 0)
    await asyncio.wait_for(waiting, 1)
    assert not pace.held


async def test_turns_are_spread_over_the_second() -> None:
    pace = Pace()
    pace.rate = 100
    started = asyncio.get_running_loop().time()

    for _ in range(21):
        await pace.turn()

    assert 0.19 < asyncio.get_running_loop().time() - started < 2

"""Each slot is done exactly once, whoever does it; missed slots are recorded and made up for."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.support.shop import Shop

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.worker import schedules
from shuke_core.worker.leases import Lease
from shuke_core.worker.schedules import Schedule, enrol_tenant, run_schedules

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Chore:
    """A schedule that counts its runs; it may fail, or need several steps."""

    def __init__(self) -> None:
        self.runs = 0
        self.steps = 1
        self.fails = 0

    async def run(self) -> bool:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the chore failed")
        self.runs += 1
        self.steps -= 1
        return self.steps > 0


@pytest.fixture
def chore(monkeypatch: pytest.MonkeyPatch) -> Chore:
    chore = Chore()
    schedule = Schedule("test.chore", hour=3, minute=0, run=chore.run)
    monkeypatch.setattr(schedules, "_registered", {schedule.name: schedule})
    return chore


async def _enrolled(shop: Shop, due_days_ago: int = 0) -> None:
    async with unit_of_work(shop.tenant_id):
        assert await enrol_tenant() == 1
    await shop.rows(
        "UPDATE schedule SET slot_at = slot_at - make_interval(days => $2), "
        "due_at = due_at - make_interval(days => $2) WHERE tenant_id = $1 RETURNING id",
        due_days_ago,
    )


async def _outcomes(shop: Shop) -> list[str]:
    rows = await shop.rows("SELECT outcome FROM schedule_run WHERE tenant_id = $1 ORDER BY slot_at")
    return [row["outcome"] for row in rows]


async def _lease_over(shop: Shop) -> None:
    await shop.rows("UPDATE schedule SET due_at = now() WHERE tenant_id = $1 RETURNING id")


async def test_nothing_is_done_before_its_time(shop: Shop, chore: Chore) -> None:
    await _enrolled(shop)
    assert await run_schedules(shop.tenant_id) is False
    assert chore.runs == 0


async def test_enrolling_again_changes_nothing(shop: Shop, chore: Chore) -> None:
    await _enrolled(shop)
    async with unit_of_work(shop.tenant_id):
        assert await enrol_tenant() == 0


async def test_eight_workers_do_a_slot_once(shop: Shop, chore: Chore) -> None:
    await _enrolled(shop, due_days_ago=1)
    await asyncio.gather(*(run_schedules(shop.tenant_id) for _ in range(8)))
    assert chore.runs == 1
    assert await _outcomes(shop) == ["done"]


async def test_the_next_slot_is_in_the_future(shop: Shop, chore: Chore) -> None:
    await _enrolled(shop, due_days_ago=1)
    await run_schedules(shop.tenant_id)
    rows = await shop.rows("SELECT slot_at > now() AS later FROM schedule WHERE tenant_id = $1")
    assert rows == [{"later": True}]


async def test_after_three_days_without_a_worker_the_last_slot_makes_up(
    shop: Shop, chore: Chore
) -> None:
    await _enrolled(shop, due_days_ago=3)
    await run_schedules(shop.tenant_id)
    assert chore.runs == 1
    assert await _outcomes(shop) == ["missed", "missed", "done"]


async def test_a_slot_of_several_steps_is_done_with_the_last(shop: Shop, chore: Chore) -> None:
    chore.steps = 3
    await _enrolled(shop, due_days_ago=1)
    while await run_schedules(shop.tenant_id):
        pass
    assert chore.runs == 3
    assert await _outcomes(shop) == ["done"]


async def test_a_worker_that_died_leaves_the_slot_to_the_next(shop: Shop, chore: Chore) -> None:
    await _enrolled(shop, due_days_ago=1)
    async with unit_of_work(shop.tenant_id):
        await schedules._claim(
            Lease(schedules.LEASED, new_id())
        )  # and then nothing: the process is gone
    assert await run_schedules(shop.tenant_id) is False
    await _lease_over(shop)
    assert await run_schedules(shop.tenant_id) is True
    assert chore.runs == 1


async def test_a_failing_slot_is_tried_again_and_given_up_with_its_reason(
    shop: Shop, chore: Chore
) -> None:
    chore.fails = schedules.ATTEMPTS
    await _enrolled(shop, due_days_ago=1)
    for _ in range(schedules.ATTEMPTS):
        await _lease_over(shop)
        await run_schedules(shop.tenant_id)
    rows = await shop.rows("SELECT outcome, detail FROM schedule_run WHERE tenant_id = $1")
    assert rows == [{"outcome": "failed", "detail": "RuntimeError: the chore failed"}]
    assert chore.runs == 0


@pytest.mark.parametrize(
    ("zone", "after", "slot"),
    [
        (SHANGHAI, datetime(2026, 1, 1, 0, tzinfo=UTC), datetime(2026, 1, 1, 19, tzinfo=UTC)),
        (SHANGHAI, datetime(2026, 1, 1, 19, tzinfo=UTC), datetime(2026, 1, 2, 19, tzinfo=UTC)),
        # 2026-03-29 has 23 hours in Berlin, 2026-10-25 has 25
        (ZoneInfo("Europe/Berlin"), datetime(2026, 3, 28, 12, tzinfo=UTC),
         datetime(2026, 3, 29, 1, tzinfo=UTC)),
        (ZoneInfo("Europe/Berlin"), datetime(2026, 10, 24, 12, tzinfo=UTC),
         datetime(2026, 10, 25, 2, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_slots_follow_the_tenants_day(zone: ZoneInfo, after: datetime, slot: datetime) -> None:
    async def nothing() -> bool:
        return False

    assert Schedule("x", 3, 0, nothing).slot_after(after, zone) == slot


def test_slots_until_now_are_one_a_day() -> None:
    async def nothing() -> bool:
        return False

    first = datetime(2026, 1, 1, 19, tzinfo=UTC)
    found = Schedule("x", 3, 0, nothing).slots_until(first, first + timedelta(days=2), SHANGHAI)
    assert found == [first, first + timedelta(days=1), first + timedelta(days=2)]

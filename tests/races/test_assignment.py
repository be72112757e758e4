"""Eight who deal members out at once: everybody gets one advisor, and no advisor more than others."""

import asyncio
from collections import Counter
from contextlib import suppress
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.assignments import services
from shuke_core.assignments.errors import AdvisorUnknown
from shuke_core.assignments.queries import AssignmentWay
from shuke_core.assignments.services import Chosen, assign_automatically, assign_members
from shuke_core.kit.transactions import fetch, in_unit_of_work, unit_of_work
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, identify_members
from shuke_core.staff.services import add_staff, leave

DEALERS, EACH, ADVISORS = 10, 7, 4


async def _members(shop: Shop, count: int) -> list[UUID]:
    phones = [normalise_phone(f"137{number:08}") for number in range(count)]
    async with unit_of_work(shop.tenant_id):
        found = await identify_members([Identity.of_phone(each) for each in phones if each])
    return sorted(found.values())


async def _advisors(shop: Shop, count: int) -> list[UUID]:
    async with unit_of_work(shop.tenant_id):
        for number in range(count):
            await add_staff(f"a{number}", f"顾问{number}", "advisor")
        rows = await fetch("SELECT id FROM staff WHERE tenant_id = $1 ORDER BY handle")
    return [row["id"] for row in rows]


async def _dealt(shop: Shop, way: AssignmentWay, parts: list[list[UUID]]) -> list[int]:
    async def deal(ids: list[UUID]) -> int:
        return await in_unit_of_work(
            shop.tenant_id, lambda: assign_automatically(Chosen(ids=ids), way)
        )

    return list(await asyncio.gather(*(deal(part) for part in parts)))


async def _history(shop: Shop) -> list[tuple[UUID, UUID]]:
    rows = await shop.rows("SELECT member_id, advisor_id FROM assignment WHERE tenant_id = $1")
    return [(row["member_id"], row["advisor_id"]) for row in rows]


async def _unfairness(shop: Shop, way: AssignmentWay) -> int:
    """By how many members the most and the least favoured differ, dealt by many at once."""
    await _advisors(shop, ADVISORS)
    members = await _members(shop, DEALERS * EACH)
    parts = [members[n * EACH : (n + 1) * EACH] for n in range(DEALERS)]
    assert sum(await _dealt(shop, way, parts)) == len(members)
    counts = Counter(advisor for _, advisor in await _history(shop))
    return max(counts.values()) - min(counts.values())


@pytest.mark.parametrize("way", [AssignmentWay.ROUND_ROBIN, AssignmentWay.LEAST_BUSY])
async def test_many_who_deal_at_once_are_fair(shop: Shop, way: AssignmentWay) -> None:
    assert await _unfairness(shop, way) <= 1


@pytest.mark.parametrize("way", [AssignmentWay.ROUND_ROBIN, AssignmentWay.LEAST_BUSY])
async def test_without_the_lock_they_are_not(
    shop: Shop, way: AssignmentWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unlocked() -> UUID | None:
        rows = await fetch("SELECT advisor_id FROM assignment_turn WHERE tenant_id = $1")
        await asyncio.sleep(0.2)  # so that all have read before any writes
        return rows[0]["advisor_id"] if rows else None

    monkeypatch.setattr(services, "_lock_turn", unlocked)
    assert await _unfairness(shop, way) > 1


async def test_nobody_is_dealt_twice(shop: Shop) -> None:
    await _advisors(shop, ADVISORS)
    members = await _members(shop, 40)
    parts = [members[start : start + 20] for start in (0, 5, 10, 15, 20, 0, 10, 20)]
    assert sum(await _dealt(shop, AssignmentWay.ROUND_ROBIN, parts)) == 40
    history = await _history(shop)
    assert sorted(member for member, _ in history) == members
    now = await shop.rows("SELECT id, advisor_id FROM member WHERE tenant_id = $1")
    assert {(row["id"], row["advisor_id"]) for row in now} == set(history)


async def test_who_leaves_meanwhile_is_left_with_nobody(shop: Shop) -> None:
    """Eight give members to somebody who leaves at that moment: none stays theirs."""
    leaver, *_ = await _advisors(shop, 1)
    members = await _members(shop, 40)

    async def give(ids: list[UUID]) -> None:
        with suppress(AdvisorUnknown):
            await in_unit_of_work(shop.tenant_id, lambda: assign_members(Chosen(ids=ids), leaver))

    async def go() -> None:
        await asyncio.sleep(0.01)
        await in_unit_of_work(shop.tenant_id, lambda: leave("a0"))

    await asyncio.gather(*(give(members[n * 5 : n * 5 + 5]) for n in range(8)), go())
    left = await shop.rows("SELECT id FROM member WHERE tenant_id = $1 AND advisor_id = $2", leaver)
    assert left == []

"""Blocks when members are merged: the later end wins, and an undo finds what both had."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.core.merging.people import merge, two, undo
from tests.core.points.counter import act
from tests.support.shop import Shop

from shuke_core.blocks.queries import BlockPurpose, blocks_of
from shuke_core.blocks.services import block_member, unblock_member
from shuke_core.kit import clock

POINTS = BlockPurpose.POINTS
DAY = timedelta(days=1)


async def _block(shop: Shop, member: UUID, why: str, until: datetime | None) -> None:
    await act(shop, lambda: block_member(member, POINTS, why, until))


async def _in_force(shop: Shop, member: UUID) -> tuple[str, datetime | None] | None:
    found = (await act(shop, lambda: blocks_of([member], POINTS))).get(member)
    return (found.reason, found.until) if found else None


async def _rows(shop: Shop) -> list[dict[str, Any]]:
    return await shop.rows("SELECT * FROM member_block WHERE tenant_id = $1 ORDER BY id")


@pytest.mark.parametrize(
    ("survivors", "absorbeds", "wins"),
    [
        (1, 2, "absorbed"),
        (2, 1, "survivor"),
        (1, None, "absorbed"),
        (None, 1, "survivor"),
        (None, None, "survivor"),
        (1, 1, "survivor"),
        (0, 2, "absorbed"),
    ],
)
async def test_the_later_end_wins_and_an_undo_finds_both(
    survivors: int | None, absorbeds: int | None, wins: str, shop: Shop
) -> None:
    """Ends in days from now; None is for good, 0 none at all."""
    kept, gone = await two(shop)
    start = clock.now()
    with clock.held_at(start):
        ends = {
            "survivor": None if survivors is None else start + survivors * DAY,
            "absorbed": None if absorbeds is None else start + absorbeds * DAY,
        }
        if survivors != 0:
            await _block(shop, kept, "survivor", ends["survivor"])
        await _block(shop, gone, "absorbed", ends["absorbed"])
        before = await _rows(shop)
        merge_id = await merge(shop, kept, gone)
        assert await _in_force(shop, kept) == (wins, ends[wins])
        await undo(shop, merge_id)
    assert await _rows(shop) == before


async def test_who_was_blocked_longer_ago_stays_blocked_from_then(shop: Shop) -> None:
    kept, gone = await two(shop)
    start = clock.now()
    with clock.held_at(start - 2 * DAY):
        await _block(shop, kept, "first", start + DAY)
    with clock.held_at(start - DAY):
        await _block(shop, gone, "later", None)
    await merge(shop, kept, gone)
    found = (await act(shop, lambda: blocks_of([kept], POINTS)))[kept]
    assert (found.since, found.until, found.reason) == (start - 2 * DAY, None, "later")


async def test_what_was_decided_since_stays_with_the_survivor(shop: Shop) -> None:
    kept, gone = await two(shop)
    end = clock.now() + DAY
    await _block(shop, kept, "first", end)
    await _block(shop, gone, "later", None)
    merge_id = await merge(shop, kept, gone)
    await act(shop, lambda: unblock_member(gone, POINTS))
    assert await _in_force(shop, kept) is None
    await undo(shop, merge_id)
    assert await _in_force(shop, kept) is None
    assert await _in_force(shop, gone) == ("later", None)
    merge_id = await merge(shop, kept, gone)
    await _block(shop, kept, "anew", end)
    await undo(shop, merge_id)
    assert await _in_force(shop, kept) == ("anew", end)
    assert await _in_force(shop, gone) == ("later", None)


@pytest.mark.parametrize("first", [0, 1])
async def test_two_merges_come_apart_in_either_order(first: int, shop: Shop) -> None:
    kept, gone = await two(shop)
    third = await shop.member("13800138003")
    now = clock.now()
    for days, member in enumerate((kept, gone, third), 1):
        await _block(shop, member, f"{days}", now + days * DAY)
    before = await _rows(shop)
    merges = [await merge(shop, kept, gone), await merge(shop, kept, third)]
    assert await _in_force(shop, kept) == ("3", now + 3 * DAY)
    await undo(shop, merges[first])
    expected = ("3", now + 3 * DAY) if first == 0 else ("2", now + 2 * DAY)
    assert await _in_force(shop, kept) == expected
    await undo(shop, merges[1 - first])
    assert await _rows(shop) == before


async def test_through_a_chain_it_is_in_force_for_the_last(shop: Shop) -> None:
    first, second = await two(shop)
    third = await shop.member("13800138003")
    await _block(shop, first, "一", None)
    before = await _rows(shop)
    one, two_ = await merge(shop, second, first), await merge(shop, third, second)
    assert await _in_force(shop, third) == ("一", None)
    await undo(shop, two_)
    assert (await _in_force(shop, third), await _in_force(shop, second)) == (None, ("一", None))
    await undo(shop, one)
    assert await _rows(shop) == before

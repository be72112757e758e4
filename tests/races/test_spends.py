"""Many spend from one account at once; and three wrong ways to do it, which the same race finds."""

import pytest
from tests.races.spending import (
    put_in_place,
    race_spends,
    slow_spend,
    spend_counts_first,
    spend_picks_first,
    spend_with,
)
from tests.support.shop import Shop

from shuke_core.ledger.services import spend
from shuke_core.places import Places


@pytest.mark.slow
async def test_racing_spends_never_take_more_than_there_is(shop: Shop, soak: bool) -> None:
    assert await race_spends(shop, spend, rounds=300 if soak else 10) == []


async def test_a_pause_after_the_lock_changes_nothing(shop: Shop, places: Places) -> None:
    async with put_in_place(places, slow_spend()) as slow:
        assert await race_spends(shop, spend_with(slow), rounds=2) == []


async def test_the_race_finds_lots_picked_before_the_lock(shop: Shop, places: Places) -> None:
    # The CHECK on the lot stands between this fault and the books: spends fail that must not.
    async with put_in_place(places, spend_picks_first("l.remaining - c.part")) as broken:
        faults = await race_spends(shop, spend_with(broken), rounds=3)
    assert any("lot_remaining_within_amount" in fault for fault in faults)
    assert (await shop.verified()).differences == 0


async def test_the_race_finds_a_lot_handed_out_twice(shop: Shop, places: Places) -> None:
    async with put_in_place(places, spend_picks_first("c.held - c.part")) as broken:
        faults = await race_spends(shop, spend_with(broken), rounds=3)
    assert any(fault.startswith("a lot of 10 gave") for fault in faults)
    # Entries and accounts agree with each other; only looking at the lots shows the damage.
    assert {found.check for found in (await shop.verified()).found} == {"balance", "lot"}


async def test_the_race_finds_a_balance_read_before_the_lock(shop: Shop, places: Places) -> None:
    async with put_in_place(places, spend_counts_first()) as broken:
        faults = await race_spends(shop, spend_with(broken), rounds=3)
    assert any("spends were accepted, not 7" in fault for fault in faults)
    assert {found.check for found in (await shop.verified()).found} == {"balance", "entry"}

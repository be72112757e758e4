"""Many join a campaign at once; and two wrong ways to count, which the same race finds."""

import pytest
from tests.core.campaigns.offers import people, running
from tests.races.joining import COUNT, race_for, race_of_one, unlocked, use
from tests.races.spending import put_in_place
from tests.support.shop import Shop

from shuke_core.places import Places


@pytest.mark.slow
@pytest.mark.parametrize("bound", ["places", "budget"])
async def test_nothing_is_handed_out_that_is_not_there(shop: Shop, soak: bool, bound: str) -> None:
    rounds = 100 if soak else 5
    assert await race_for(shop, await people(shop), rounds=rounds, bound=bound) == []


async def test_who_taps_ten_times_joins_once(shop: Shop) -> None:
    campaign = await running(shop, await people(shop), reward_points=10)
    member = await shop.member("13800138000")
    assert sorted(await race_of_one(shop, campaign, member)) == [False] * 9 + [True]
    rows = await shop.rows("SELECT amount FROM ledger_entry WHERE tenant_id = $1")
    assert rows == [{"amount": 10}]


async def test_the_race_finds_places_counted_before_the_lock(
    shop: Shop, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The CHECK on the campaign stands between this fault and the books: joins fail that must not.
    async with put_in_place(places, unlocked(COUNT)) as broken:
        use(monkeypatch, broken)
        faults = await race_for(shop, await people(shop), rounds=1, bound="places")
    assert any("campaign_bounds" in fault for fault in faults)


@pytest.mark.parametrize("bound", ["places", "budget"])
async def test_the_race_finds_places_handed_out_twice(
    shop: Shop, places: Places, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    count = "SET joined = c.joined + 1, spent_points = c.spent_points + c.reward_points"
    async with put_in_place(places, unlocked(count)) as broken:
        use(monkeypatch, broken)
        faults = await race_for(shop, await people(shop), rounds=1, bound=bound)
    assert "12 have joined, not 7" in faults
    assert "12 have the points booked, not 7" in faults

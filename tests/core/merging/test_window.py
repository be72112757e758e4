"""How long merges can be undone is the tenant's to say, within bounds."""

from datetime import timedelta

import pytest
from tests.core.merging.people import merge, two, undo
from tests.core.points.counter import act
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.merging.errors import MergeCannotBeUndone, MergeWindowInvalid
from shuke_core.merging.window import set_undo_days, undo_days


async def test_it_holds_for_merges_from_then_on(shop: Shop, other_shop: Shop) -> None:
    kept, gone = await two(shop)
    third = await shop.member("13800138003")
    now = clock.now()
    with clock.held_at(now):
        early = await merge(shop, kept, third)
        await act(shop, lambda: set_undo_days(2))
        late = await merge(shop, kept, gone)
        with (
            clock.held_at(now + timedelta(days=2)),
            pytest.raises(MergeCannotBeUndone, match="time"),
        ):
            await undo(shop, late)
        with clock.held_at(now + timedelta(days=2, seconds=-1)):
            assert await undo(shop, late) == gone
        with clock.held_at(now + timedelta(days=30, seconds=-1)):
            assert await undo(shop, early) == third
    assert await act(other_shop, undo_days) == 30
    rows = await shop.rows(
        "SELECT act FROM audit_entry WHERE tenant_id = $1 AND act LIKE 'merging.%'"
    )
    assert rows == [{"act": "merging.window_set"}]


@pytest.mark.parametrize("days", [0, -1, 181, 10_000])
async def test_beyond_the_bounds_it_stays_as_it_was(days: int, shop: Shop) -> None:
    with pytest.raises(MergeWindowInvalid, match="1 to 180"):
        await act(shop, lambda: set_undo_days(days))
    assert await act(shop, undo_days) == 30

"""Points lapse at the midnight of the tenant's own zone, whenever the nightly run may come."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.core.points.counter import PHONE, act, holds, order, tenant_in
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.ledger.services import expire_lots
from shuke_core.points.jobs import let_points_lapse
from shuke_core.points.services import earn_for_orders, set_earning_rule
from shuke_core.runtime import Runtime


@asynccontextmanager
async def earned_in(
    runtime: Runtime, zone: str, day: date, days: int
) -> AsyncIterator[tuple[Shop, UUID]]:
    """A member in a tenant of that zone with 10 points by an order of `day`, living `days`."""
    shop = await tenant_in(runtime, zone)
    await act(shop, lambda: set_earning_rule(Decimal(1), days))
    member = await shop.member(PHONE)
    noon = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=12)
    sale = order(member, 1000, business_day=day.isoformat(), placed_at=noon.isoformat())
    with clock.held_at(noon):
        assert await act(shop, lambda: earn_for_orders([sale])) == 1
    yield shop, member


@pytest.mark.parametrize(
    ("zone", "day", "days", "end"),
    [
        ("Asia/Shanghai", date(2026, 3, 1), 1, datetime(2026, 3, 2, 16, tzinfo=UTC)),
        ("Asia/Shanghai", date(2026, 3, 1), 365, datetime(2027, 3, 1, 16, tzinfo=UTC)),
        # Leap days: the 28th and one day is all of the 29th; a year from a leap day is a day early.
        ("Asia/Shanghai", date(2028, 2, 28), 1, datetime(2028, 2, 29, 16, tzinfo=UTC)),
        ("Asia/Shanghai", date(2028, 2, 29), 365, datetime(2029, 2, 28, 16, tzinfo=UTC)),
        # New York: the night before and the night after the clocks go forward, then back.
        ("America/New_York", date(2026, 3, 6), 1, datetime(2026, 3, 8, 5, tzinfo=UTC)),
        ("America/New_York", date(2026, 3, 7), 1, datetime(2026, 3, 9, 4, tzinfo=UTC)),
        ("America/New_York", date(2026, 10, 30), 1, datetime(2026, 11, 1, 4, tzinfo=UTC)),
        ("America/New_York", date(2026, 10, 31), 1, datetime(2026, 11, 2, 5, tzinfo=UTC)),
        # Santiago and Beirut: the midnight that does not exist; the day begins at one o'clock.
        ("America/Santiago", date(2026, 9, 4), 1, datetime(2026, 9, 6, 4, tzinfo=UTC)),
        ("Asia/Beirut", date(2026, 3, 27), 1, datetime(2026, 3, 28, 22, tzinfo=UTC)),
        # Havana: midnight comes twice; the first one counts.
        ("America/Havana", date(2026, 10, 30), 1, datetime(2026, 11, 1, 4, tzinfo=UTC)),
    ],
)
async def test_points_lapse_at_the_tenants_midnight(
    runtime: Runtime, zone: str, day: date, days: int, end: datetime
) -> None:
    async with earned_in(runtime, zone, day, days) as (shop, member):
        with clock.held_at(end - timedelta(microseconds=1)):
            assert await holds(shop, member) == (10, 0)
            assert await act(shop, lambda: expire_lots(new_id())) == (0, 0)
        with clock.held_at(end):
            assert await holds(shop, member) == (0, 0)  # at once, whenever the sweep may come
            assert await act(shop, lambda: expire_lots(new_id())) == (1, 10)
            assert await holds(shop, member) == (0, 0)
        assert (await shop.verified()).found == ()


async def test_points_without_an_end_never_lapse(shop: Shop) -> None:
    await act(shop, lambda: set_earning_rule(Decimal(1), None))
    member = await shop.member(PHONE)
    await act(shop, lambda: earn_for_orders([order(member, 1000)]))
    with clock.held_at(datetime(2999, 1, 1, tzinfo=UTC)):
        assert await act(shop, lambda: expire_lots(new_id())) == (0, 0)
        assert await holds(shop, member) == (10, 0)


async def test_a_late_ticket_lives_from_its_own_business_day(shop: Shop) -> None:
    member = await shop.member(PHONE)
    with clock.held_at(datetime(2026, 6, 1, 12, tzinfo=UTC)):
        late = order(member, 1000, business_day="2026-01-01", placed_at="2026-01-01T20:00:00+08:00")
        await act(shop, lambda: earn_for_orders([late]))
        lots = await shop.rows("SELECT opens_at, expires_at FROM ledger_lot WHERE tenant_id = $1")
        assert lots == [
            {
                "opens_at": datetime(2026, 1, 1, 12, tzinfo=UTC),
                "expires_at": datetime(2027, 1, 1, 16, tzinfo=UTC),
            }
        ]


async def test_a_ticket_so_late_that_its_points_have_lapsed_gives_nothing_to_spend(
    shop: Shop,
) -> None:
    member = await shop.member(PHONE)
    old = order(member, 1000, business_day="2020-01-01", placed_at="2020-01-01T20:00:00+08:00")
    assert await act(shop, lambda: earn_for_orders([old])) == 1
    assert await holds(shop, member) == (0, 0)
    assert await act(shop, lambda: expire_lots(new_id())) == (1, 10)


async def test_the_nightly_run_is_done_when_nothing_is_left(shop: Shop) -> None:
    members = [await shop.member(f"1380013800{n}") for n in range(3)]
    day = "2020-01-01"
    orders = [order(m, 100 * n, business_day=day) for m in members for n in (1, 2)]
    await act(shop, lambda: earn_for_orders(orders))
    run = new_id()
    assert await act(shop, lambda: expire_lots(run, limit=2)) == (2, 6)
    assert await act(shop, lambda: expire_lots(run, limit=2)) == (1, 3)
    assert await act(shop, lambda: expire_lots(run, limit=2)) == (0, 0)
    assert await act(shop, let_points_lapse) is False
    expired = await shop.rows(
        "SELECT amount FROM ledger_entry WHERE tenant_id = $1 AND kind = 'expire'"
    )
    assert expired == [{"amount": -3}] * 3
    assert (await shop.verified()).found == ()

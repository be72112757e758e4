"""Points that move by announcement alone: many updates in one unit, without tickets and ledger."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from tests.support.shop import Shop

from shuke_core.events.outbox import announce
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.points.events import PointsMoved

_AT = datetime(2026, 3, 1, tzinfo=UTC)


async def move(
    shop: Shop, member_id: UUID, numbers: Iterable[int], *, publish: bool = True
) -> None:
    """One `points.moved` a number, which is its points; stamped, and published unless said otherwise."""
    async with unit_of_work(shop.tenant_id):
        for number in numbers:
            announce(PointsMoved(member_id, "earn", number, "test", new_id(), _AT))
    await shop.work("relay")
    if publish:
        await shop.work("live")

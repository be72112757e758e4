"""Short ways to merge people in tests, and to write down all that two of them hold."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.core.points.counter import act
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.ledger.services import Cause, Earning, earn, spend
from shuke_core.members.holdings import declared_holdings
from shuke_core.merging.rules import FieldRule
from shuke_core.merging.services import merge_members, undo_merge

KEPT, GONE = "13800138001", "13800138002"


async def two(shop: Shop) -> tuple[UUID, UUID]:
    """Who is to survive, and who is to be merged into them."""
    return await shop.member(KEPT), await shop.member(GONE)


async def merge(
    shop: Shop, survivor: UUID, absorbed: UUID, choices: Mapping[str, FieldRule] | None = None
) -> UUID:
    return await act(shop, lambda: merge_members(survivor, absorbed, choices))


async def undo(shop: Shop, merge_id: UUID) -> UUID:
    return await act(shop, lambda: undo_merge(merge_id))


async def earns(shop: Shop, member: UUID, points: int, cause: UUID | None = None) -> UUID | None:
    """Lets the member earn points that never lapse; the entry, if the cause was new."""
    earning = Earning(member, points, cause or new_id(), clock.now(), None)
    booked = await act(shop, lambda: earn([earning], cause_type="order", rule_id=None))
    return booked[0].entry_id if booked else None


async def spends(shop: Shop, member: UUID, points: int) -> int:
    """What is left to spend after it."""
    async with unit_of_work(shop.tenant_id):
        account = (await balance_of(member)).account_id
        assert account is not None
        return await spend(account, points, Cause("redemption", new_id()))


async def set_fields(shop: Shop, member: UUID, **columns: object) -> None:
    said = ", ".join(f"{column} = ${nth}" for nth, column in enumerate(columns, start=3))
    await shop.rows(
        f"UPDATE member SET {said} WHERE tenant_id = $1 AND id = $2", member, *columns.values()
    )


async def profile(shop: Shop, member: UUID) -> dict[str, Any]:
    return (await shop.rows("SELECT * FROM member WHERE tenant_id = $1 AND id = $2", member))[0]


async def all_rows(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that is declared, by table, in the order of their ids."""
    found = {}
    async with unit_of_work(shop.tenant_id):
        for table in declared_holdings():
            found[table] = await fetch(f"SELECT * FROM {table} WHERE tenant_id = $1 ORDER BY id")
    return found

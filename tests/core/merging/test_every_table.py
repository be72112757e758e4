"""A row in every table that holds something of a member: merged and undone, all is as it was."""

from typing import Any
from uuid import UUID

from tests.core.merging.people import all_rows, merge, undo
from tests.support.full_tenants import full_tenant
from tests.support.shop import Shop

from shuke_core.members.holdings import OnMerge, declared_holdings
from shuke_core.runtime import Runtime

Rows = dict[str, list[dict[str, Any]]]

# What a domain books or makes anew has other ids afterwards; the rest of it is the same.
_ANEW = {"retail_channel_purchases": {"id"}}
# Who was logged in stays logged out, and what was done stays on record.
_STAYS = {"member_token", "audit_entry", "member_merge"}


def _told(rows: Rows) -> Rows:
    return {
        table: sorted(
            (
                {
                    column: value
                    for column, value in row.items()
                    if column not in _ANEW.get(table, ())
                }
                for row in of_table
            ),
            key=repr,
        )
        for table, of_table in rows.items()
        if table not in _STAYS
    }


def _has_rows(rows: Rows, member_id: UUID) -> set[str]:
    return {
        table
        for table, of_table in rows.items()
        if any(member_id in _named(table, row) for row in of_table)
    }


def _named(table: str, row: dict[str, Any]) -> set[UUID]:
    holding = declared_holdings()[table]
    return {row[column] for column in (holding.member, *holding.also)}


async def _there_and_back(shop: Shop, survivor: UUID, absorbed: UUID, full: UUID) -> None:
    before = await all_rows(shop)
    stays = {t for t, each in declared_holdings().items() if each.on_merge is OnMerge.STAYS}
    assert _has_rows(before, full) | stays == set(declared_holdings())
    merge_id = await merge(shop, survivor, absorbed)
    moved = await all_rows(shop)
    kept = {t for t, each in declared_holdings().items() if each.on_merge is OnMerge.STAYS}
    # Accounts are empty; they name what was booked. What somebody was blocked for, and whom they may
    # be, goes on under their own id, and the survivor has a copy, or is named by it.
    assert _has_rows(moved, absorbed) - kept <= {
        "ledger_account",  # empty; it names what was booked
        "file",  # a picture names whose it was, as the row does that shows it
        "member_block",
        "merge_candidate",
    }
    await undo(shop, merge_id)
    assert _told(await all_rows(shop)) == _told(before)
    assert (await shop.verified()).found == ()


async def test_whoever_has_everything_is_absorbed_and_comes_back(runtime: Runtime) -> None:
    tenant = await full_tenant(runtime)
    other = await tenant.shop.member("13900139001")
    await tenant.shop.sold(tenant.shop.ticket(phone="13900139001"))
    await _there_and_back(tenant.shop, other, tenant.handles.member_id, tenant.handles.member_id)


async def test_whoever_has_everything_absorbs_and_gives_back(runtime: Runtime) -> None:
    tenant = await full_tenant(runtime)
    other = await tenant.shop.member("13900139001")
    await tenant.shop.sold(tenant.shop.ticket(phone="13900139001"))
    await _there_and_back(tenant.shop, tenant.handles.member_id, other, tenant.handles.member_id)

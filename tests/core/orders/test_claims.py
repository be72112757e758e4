"""Orders of nobody's are claimed by their receipts: once, and as if their buyer had been known."""

from uuid import UUID

import pytest
from tests.core.orders.till import Till
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.members.errors import MemberUnknown
from shuke_core.merging.services import merge_members
from shuke_core.orders.claims import claim_order
from shuke_core.orders.errors import OrderClaimed, ReceiptUnknown

PHONE, OTHER = "13800138000", "13700137000"
CODE = "7KQ2-MNB4-XW9P"


async def _claims(shop: Shop, member_id: UUID, receipt: str = CODE) -> UUID:
    async with unit_of_work(shop.tenant_id):
        claimed = await claim_order(member_id, receipt)
    for _ in range(2):
        await shop.work()
    return claimed


async def _points(shop: Shop, member_id: UUID) -> int:
    async with unit_of_work(shop.tenant_id):
        return (await balance_of(member_id)).available


async def test_a_claimed_order_earns_by_its_own_day(shop: Shop) -> None:
    sale = shop.ticket(receipt=CODE, total="12.50")
    await shop.sold(sale)
    member_id = await shop.member(PHONE)
    assert await _points(shop, member_id) == 0
    claimed = await _claims(shop, member_id, " 7kq2 mnb4xw9p")
    assert await _points(shop, member_id) == 12
    orders = "SELECT id, member_id, version FROM orders WHERE tenant_id = $1"
    assert await shop.rows(orders) == [{"id": claimed, "member_id": member_id, "version": 2}]
    assert await _claims(shop, member_id) == claimed  # asked for again it stays as it is
    assert (await shop.rows(orders))[0]["version"] == 2
    assert await _points(shop, member_id) == 12
    kept = "SELECT l.happened_at = o.placed_at AS so FROM orders o JOIN ledger_entry l "
    kept += "ON l.tenant_id = $1 AND l.cause_id = o.id WHERE o.tenant_id = $1"
    assert await shop.rows(kept) == [{"so": True}]
    assert (await shop.verified()).found == ()


async def test_what_was_refunded_before_is_taken_off_and_after_as_well(shop: Shop) -> None:
    sale = shop.ticket(receipt=CODE, total="100.00")
    await shop.sold(sale, shop.refund(sale, "20.00"), shop.refund(sale, "15.00"))
    member_id = await shop.member(PHONE)
    await _claims(shop, member_id)
    assert await _points(shop, member_id) == 65
    await shop.sold(shop.refund(sale, "5.00"))
    assert await _points(shop, member_id) == 60
    assert (await shop.verified()).found == ()


async def test_somebodys_order_is_not_given_to_another(shop: Shop) -> None:
    await shop.sold(shop.ticket(receipt=CODE), shop.ticket(receipt="K" * 12, phone=OTHER))
    first, second = await shop.member(PHONE), await shop.member(OTHER)
    await _claims(shop, first)
    with pytest.raises(OrderClaimed):
        await _claims(shop, second)
    with pytest.raises(OrderClaimed):  # its buyer was known at the till
        await _claims(shop, first, "K" * 12)
    assert await _points(shop, second) == 12


@pytest.mark.parametrize("receipt", ["", "7KQ2-MNB4-XW9", "0" * 12, "七" * 12])
async def test_a_code_that_no_order_has_claims_nothing(shop: Shop, receipt: str) -> None:
    await shop.sold(shop.ticket(receipt=CODE))
    with pytest.raises(ReceiptUnknown):
        await _claims(shop, await shop.member(PHONE), receipt)


async def test_a_code_that_stands_on_two_orders_claims_neither(shop: Shop) -> None:
    await shop.sold(shop.ticket(receipt=CODE), shop.ticket(receipt=CODE))
    with pytest.raises(ReceiptUnknown):
        await _claims(shop, await shop.member(PHONE))


async def test_another_tenants_receipt_is_unknown(shop: Shop, other_shop: Shop) -> None:
    await other_shop.sold(other_shop.ticket(receipt=CODE))
    with pytest.raises(ReceiptUnknown):
        await _claims(shop, await shop.member(PHONE))


async def test_who_was_merged_claims_for_who_they_are_now(shop: Shop) -> None:
    await shop.sold(shop.ticket(receipt=CODE))
    kept, gone = await shop.member(PHONE), await shop.member(OTHER)
    async with unit_of_work(shop.tenant_id):
        await merge_members(kept, gone)
    await _claims(shop, gone)
    assert await _points(shop, kept) == 12


async def test_whoever_is_no_member_claims_nothing(shop: Shop) -> None:
    await shop.sold(shop.ticket(receipt=CODE))
    with pytest.raises(MemberUnknown):
        await _claims(shop, UUID(int=1))


async def test_a_code_that_could_be_guessed_is_sent_back_to_the_till(shop: Shop) -> None:
    await shop.sold(shop.ticket(receipt="A-12345"))
    held = "SELECT code, field FROM quarantined_ticket WHERE tenant_id = $1"
    assert await shop.rows(held) == [{"code": "RECEIPT_GUESSABLE", "field": "receipt"}]


async def test_the_code_itself_is_kept_nowhere_but_in_what_the_till_sent(shop: Shop) -> None:
    till = await Till.at(shop)
    await till.sells(till.sale(receipt="7KQ2MNB4XW9P"))
    (row,) = await shop.rows("SELECT receipt FROM orders WHERE tenant_id = $1")
    assert len(row["receipt"]) == 32
    assert b"7KQ2" not in row["receipt"]

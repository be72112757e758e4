"""The mark of a campaign on orders and entries: where it comes from, and that it stays."""

from decimal import Decimal
from uuid import UUID

from tests.core.campaigns.offers import drafted, people, running
from tests.support.shop import Shop

from shuke_core.kit.metrics import CAMPAIGNS_UNKNOWN
from shuke_core.kit.transactions import unit_of_work
from shuke_core.orders.claims import claim_order
from shuke_core.points.services import set_earning_rule

PHONE = "13800138000"
_ENTRIES = "SELECT kind, amount, campaign_id FROM ledger_entry WHERE tenant_id = $1 ORDER BY id"


async def _marks(shop: Shop) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in await shop.rows(_ENTRIES)]


def _unknown() -> float:
    return next(iter(CAMPAIGNS_UNKNOWN.collect())).samples[0].value


async def _orders(shop: Shop) -> dict[int, UUID | None]:
    rows = await shop.rows("SELECT total_fen, campaign_id FROM orders WHERE tenant_id = $1")
    return {row["total_fen"]: row["campaign_id"] for row in rows}


async def test_a_sale_that_says_its_campaign_earns_for_it_and_gives_back_for_it(shop: Shop) -> None:
    campaign = await running(shop, await people(shop))
    sale = shop.ticket(phone=PHONE, total="10.00", campaign="DEC12")
    await shop.sold(sale, shop.ticket(phone=PHONE, total="20.00"))
    assert await _orders(shop) == {1000: campaign, 2000: None}
    await shop.sold(shop.refund(sale, "4.00"))
    entries = await _marks(shop)
    assert sorted(entries, key=str) == sorted(
        [("earn", 10, campaign), ("earn", 20, None), ("claw_back", -4, campaign)], key=str
    )
    assert (await shop.verified()).differences == 0


async def test_a_code_that_is_none_holds_no_sale_back_and_is_counted(
    shop: Shop, other_shop: Shop
) -> None:
    await drafted(shop, "DRAFT")
    await running(other_shop, await people(other_shop), "THEIRS")
    before = _unknown()
    await shop.sold(
        shop.ticket(phone=PHONE, total="10.00", campaign="DRAFT"),
        shop.ticket(phone=PHONE, total="20.00", campaign="THEIRS"),
        shop.ticket(phone=PHONE, total="30.00", campaign=""),
        shop.ticket(phone=PHONE, total="40.00"),
    )
    assert await _orders(shop) == {1000: None, 2000: None, 3000: None, 4000: None}
    assert _unknown() - before == 2
    assert {mark for _, _, mark in await _marks(shop)} == {None}


async def test_who_claims_an_order_later_earns_for_its_campaign(shop: Shop) -> None:
    campaign = await running(shop, await people(shop))
    member = await shop.member(PHONE)
    await shop.sold(shop.ticket(total="10.00", campaign="DEC12", receipt="AB12CD34EF56"))
    async with unit_of_work(shop.tenant_id):
        await claim_order(member, "AB12CD34EF56")
    for _ in range(3):
        await shop.work()
    assert await _marks(shop) == [("earn", 10, campaign)]


async def test_a_rule_of_a_campaign_marks_what_it_rates_unless_the_order_says_another(
    shop: Shop,
) -> None:
    staff = await people(shop)
    doubled, other = await running(shop, staff, "DOUBLE"), await running(shop, staff, "OTHER")
    async with unit_of_work(shop.tenant_id):
        assert await set_earning_rule(Decimal(2), 365, doubled)
        assert not await set_earning_rule(Decimal(2), 365, doubled)
    await shop.sold(shop.ticket(phone=PHONE, total="10.00"))
    await shop.sold(shop.ticket(phone=PHONE, total="20.00", campaign="OTHER"))
    async with unit_of_work(shop.tenant_id):
        assert await set_earning_rule(Decimal(2), 365)
    await shop.sold(shop.ticket(phone=PHONE, total="30.00"))
    assert await _marks(shop) == [("earn", 20, doubled), ("earn", 40, other), ("earn", 60, None)]


async def test_a_mark_in_a_batch_stays_with_its_own_earning(shop: Shop) -> None:
    staff = await people(shop)
    a, b = await running(shop, staff, "A"), await running(shop, staff, "B")
    await shop.sold(
        *(
            shop.ticket(phone=f"1380013{n:04}", total=f"{n + 1}.00", campaign=code)
            for n, code in enumerate(["A", None, "B", "A", "NONE"])
        )
    )
    marks = {amount: mark for _, amount, mark in await _marks(shop)}
    assert marks == {1: a, 2: None, 3: b, 4: a, 5: None}

"""From a till's ticket to points, and back again when goods are returned."""

from decimal import Decimal

from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.points.services import set_earning_rule

PHONE = "138 0013 8000"


async def _balance(shop: Shop) -> int:
    rows = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
    return rows[0]["available"] if rows else 0


async def test_a_sale_earns_a_point_a_yuan(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"))
    assert await _balance(shop) == 12
    assert (await shop.verified()).differences == 0


async def test_the_same_message_twice_earns_once(shop: Shop) -> None:
    ticket = shop.ticket(phone=PHONE)
    first = await shop.send(ticket, message_id="msg_1")
    second = await shop.send(ticket, message_id="msg_1")
    await shop.sold(shop.ticket(total="0.00"))
    assert (first.known, second.known) == (False, True)
    assert await _balance(shop) == 12


async def test_the_same_ticket_in_two_messages_earns_once(shop: Shop) -> None:
    ticket = shop.ticket(phone=PHONE)
    await shop.sold(ticket)
    await shop.sold(ticket)
    assert await _balance(shop) == 12
    counted = await shop.rows(
        "SELECT sum(accepted) AS a, sum(known) AS k FROM inbox WHERE tenant_id = $1"
    )
    assert counted == [{"a": 1, "k": 1}]


async def test_a_whole_refund_takes_all_back(shop: Shop) -> None:
    sale = shop.ticket(phone=PHONE, total="12.50")
    await shop.sold(sale)
    await shop.sold(shop.refund(sale, "12.50"))
    assert await _balance(shop) == 0
    assert (await shop.verified()).differences == 0


async def test_a_refund_before_its_sale_waits_for_it(shop: Shop) -> None:
    sale = shop.ticket(phone=PHONE, total="12.50")
    await shop.sold(shop.refund(sale, "2.50"))
    await shop.sold(sale)
    assert await _balance(shop) == 10
    assert (await shop.verified()).differences == 0


async def test_a_card_shown_with_a_phone_is_the_same_person_later_without_it(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE, card="8801", total="50.00"))
    await shop.sold(shop.ticket(card="8801", total="20.00"))
    rows = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
    assert rows == [{"available": 70}]


async def test_a_card_that_is_somebodys_stays_theirs(shop: Shop) -> None:
    await shop.sold(shop.ticket(card="8801", total="50.00"))
    await shop.sold(shop.ticket(phone=PHONE, card="8801", total="20.00"))
    rows = await shop.rows(
        "SELECT available FROM ledger_account WHERE tenant_id = $1 ORDER BY available"
    )
    assert [row["available"] for row in rows] == [20, 50]


async def test_an_order_is_rated_by_the_rule_of_its_arrival(shop: Shop) -> None:
    await shop.send(shop.ticket(phone=PHONE, total="100.00"))
    async with unit_of_work(shop.tenant_id):
        await set_earning_rule(Decimal(3), 365)
    for _ in range(3):
        await shop.work()
    assert await _balance(shop) == 100

"""A quarantined ticket says field and reason, and goes in once its cause is mended."""

import pytest
from tests.support.shop import Shop

from shuke_core.integrations.errors import TicketNotQuarantined
from shuke_core.integrations.quarantine import (
    Replayed,
    WaitingTicket,
    correct,
    discard,
    masked,
    replay,
    waiting_tickets,
)
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.services import add_store


async def _waiting(shop: Shop) -> list[WaitingTicket]:
    async with unit_of_work(shop.tenant_id):
        return await waiting_tickets("till")


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"phone": "138****8000"}, "phone", "PHONE_MASKED"),
        ({"phone": "010-12345678"}, "phone", "PHONE_NOT_MOBILE"),
        ({"phone": "1.38E+10"}, "phone", "PHONE_DIGITS_LOST"),
        ({"store": "S9"}, "store", "STORE_UNKNOWN"),
    ],
)
async def test_a_ticket_waits_with_field_and_reason(
    shop: Shop, fields: dict[str, str], field: str, code: str
) -> None:
    await shop.send(shop.ticket(**fields))
    await shop.work("inbox")
    (ticket,) = await _waiting(shop)
    assert (ticket.field, ticket.code, ticket.row_no) == (field, code, 1)
    assert await shop.rows("SELECT id FROM orders WHERE tenant_id = $1") == []
    assert await shop.rows("SELECT id FROM member WHERE tenant_id = $1") == []


async def test_after_the_missing_store_was_added_a_replay_lets_the_tickets_in(shop: Shop) -> None:
    await shop.send(shop.ticket(store="S9", phone="13800138000"), shop.ticket(phone="138****8000"))
    await shop.work("inbox")
    async with unit_of_work(shop.tenant_id):
        await add_store("S9", "九店")
        outcome, last = await replay("till")
    assert outcome == Replayed(accepted=1, still_quarantined=1)
    async with unit_of_work(shop.tenant_id):
        assert await replay("till", last) == (Replayed(0, 0), None)
    await shop.work()
    await shop.work()
    rows = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
    assert rows == [{"available": 12}]
    assert [ticket.code for ticket in await _waiting(shop)] == ["PHONE_MASKED"]


async def test_a_corrected_field_lets_the_ticket_in(shop: Shop) -> None:
    await shop.send(shop.ticket(phone="138****8000"))
    await shop.work("inbox")
    (ticket,) = await _waiting(shop)
    async with unit_of_work(shop.tenant_id):
        assert await correct(ticket.id, {"phone": "139****9000"}) == Replayed(0, 1)
    async with unit_of_work(shop.tenant_id):
        assert await correct(ticket.id, {"phone": "13800138000"}) == Replayed(1, 0)
    assert await _waiting(shop) == []
    assert await shop.knows("13800138000")


async def test_a_resolved_ticket_can_be_neither_corrected_nor_discarded_again(shop: Shop) -> None:
    await shop.send(shop.ticket(store="S9"))
    await shop.work("inbox")
    (ticket,) = await _waiting(shop)
    async with unit_of_work(shop.tenant_id):
        await discard(ticket.id)
    with pytest.raises(TicketNotQuarantined):
        async with unit_of_work(shop.tenant_id):
            await correct(ticket.id, {"store": "S1"})
    with pytest.raises(TicketNotQuarantined):
        async with unit_of_work(shop.tenant_id):
            await discard(ticket.id)
    with pytest.raises(TicketNotQuarantined):
        async with unit_of_work(shop.tenant_id):
            await discard(new_id())


async def test_tickets_at_rest_are_sealed_and_findings_masked(shop: Shop) -> None:
    await shop.send(shop.ticket(phone="12345678901"))
    await shop.work("inbox")
    (row,) = await shop.rows("SELECT sealed, found FROM quarantined_ticket WHERE tenant_id = $1")
    assert b"12345678901" not in row["sealed"]
    assert "12345678901" not in row["found"]


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("13800138000", "13*******00"),
        ("138-0013-8000", "13*-****-**00"),
        ("张三 138 0013 8000", "张三 13* **** **00"),
        ("(138) 0013.8000", "(13*) ****.**00"),
        ("１３８００１３８０００", "１３*******００"),
        ("a@b.com", "***@***"),
        ("mail a.b@c.example now", "mail ***@*** now"),
        ("S9", "S9"),
        ("12.50", "12.50"),
        ("25:61:00", "25:61:00"),
        ("a12345b", "a12*45b"),
    ],
)
def test_longer_rows_of_digits_lose_their_middle_and_mail_addresses_go(
    found: str, shown: str
) -> None:
    assert masked(found) == shown


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("张三 138****8000", "138****8000"),
        ("138-****-8000 (张)", "138****8000"),
        ("张三", ""),
        ("x12@b.com 5550000", "55***00"),
        ("138 0013 8000", "13*******00"),
    ],
)
def test_of_a_phone_only_digits_and_stars_stay(found: str, shown: str) -> None:
    assert masked(found, "phone") == shown


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "138-0013-8000"),
        ("total", "138 0013 8000"),
        ("store", "张三 138 0013 8000"),
        ("phone", "张三 138****8000"),
        ("total", "zhang.san@b.example"),
    ],
)
async def test_what_is_kept_of_a_ticket_names_nobody(shop: Shop, field: str, value: str) -> None:
    await shop.send(shop.ticket(**{field: value}))
    await shop.work("inbox")
    (row,) = await shop.rows("SELECT field, found FROM quarantined_ticket WHERE tenant_id = $1")
    assert row["field"] == field
    assert "0013" not in row["found"]
    assert "zhang" not in row["found"]
    assert field != "phone" or "张三" not in row["found"]

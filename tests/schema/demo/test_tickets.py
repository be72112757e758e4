"""Tickets and messages: their order, their wire form, and that every run writes the same ones."""

import json
from datetime import date, datetime

import pytest

from shuke_schema.demo.dirt import Writing, Written
from shuke_schema.demo.history import Purchase, read_history
from shuke_schema.demo.people import name_of, phone_of
from shuke_schema.demo.tickets import (
    SHANGHAI,
    Ticket,
    days_to_shift,
    messages,
    wire,
    write_tickets,
)


def test_the_history_ends_yesterday() -> None:
    purchases = read_history(sample=True)
    shift = days_to_shift(purchases, today=date(2026, 11, 23))

    tickets = write_tickets(purchases, shift)

    assert tickets[-1].at.date() == date(2026, 11, 22)
    assert tickets[0].at.date() == date(2025, 5, 26)
    assert [ticket.at for ticket in tickets] == sorted(ticket.at for ticket in tickets)


def test_the_wire_form() -> None:
    ticket = Ticket(
        no="C000001-00001",
        customer=1,
        phone="13812345678",
        at=datetime(2026, 1, 2, 10, 11, 12, tzinfo=SHANGHAI),
        units=2,
        fen=1250,
        written=Written("138 1234 5678", "12.50", "S1", Writing.NASTY),
    )

    assert wire(ticket) == {
        "no": "C000001-00001",
        "kind": "sale",
        "store": "S1",
        "at": "2026-01-02 10:11:12",
        "phone": "138 1234 5678",
        "name": name_of(1),
        "total": "12.50",
        "lines": [{"sku": "CD", "name": "CD", "quantity": "2", "amount": "12.50"}],
    }


def test_messages_carry_fifty_tickets_under_ids_of_their_place() -> None:
    purchases = [Purchase(7, serial, date(1997, 1, 1), 1, 1250) for serial in range(1, 102)]
    tickets = write_tickets(purchases, shift_days=1)

    sent = list(messages("full", tickets))

    assert [message.webhook_id for message in sent] == [
        "cdnow-full-000000",
        "cdnow-full-000001",
        "cdnow-full-000002",
    ]
    assert [message.tickets for message in sent] == [50, 50, 1]
    body = json.loads(sent[2].body)
    assert body["type"] == "tickets"
    assert body["timestamp"] == tickets[-1].at.isoformat()
    assert body["data"] == {"tickets": [wire(tickets[-1])]}


@pytest.mark.slow
def test_a_second_run_writes_the_same_bytes_and_a_part_agrees_with_the_whole() -> None:
    whole = write_tickets(read_history(sample=False), shift_days=10_000)
    sample = write_tickets(read_history(sample=True), shift_days=10_000)
    again = write_tickets(read_history(sample=True), shift_days=10_000)

    assert list(messages("sample", sample)) == list(messages("sample", again))
    assert len({ticket.no for ticket in whole}) == 69_659
    by_no = {ticket.no: ticket for ticket in whole}
    assert all(by_no[ticket.no] == ticket for ticket in sample)
    assert all(ticket.phone == phone_of(ticket.customer) for ticket in sample)

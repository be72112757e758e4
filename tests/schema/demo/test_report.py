"""Expectations and contradictions: the arithmetic by hand, and each wrong number caught alone."""

import json
from dataclasses import replace
from datetime import datetime

import pytest

from shuke_schema.demo.dirt import Writing, Written
from shuke_schema.demo.history import read_history
from shuke_schema.demo.operator import LedgerNumbers, TenantNumbers
from shuke_schema.demo.report import Expected, Report, Seconds
from shuke_schema.demo.tickets import SHANGHAI, Ticket, write_tickets
from shuke_schema.demo.till import Status

EXPECTED = Expected(sent=10, accepted=9, quarantined=1, members=4, points=120)
STATUS = Status(
    received=1,
    pending=0,
    dead=0,
    accepted=9,
    quarantined=1,
    events_behind=0,
    p50=0.1,
    p99=0.4,
)
TENANT = TenantNumbers(members=4, orders=9, stores=5)
LEDGER = LedgerNumbers(accounts=4, entries=9, issued=120, differences=0, found=())
SECONDS = Seconds(0.1, 0.4)


def ticket(customer: int, fen: int, writing: Writing = Writing.CLEAN) -> Ticket:
    phone = f"1380000000{customer}"
    return Ticket(
        no=f"C{customer}-{fen}",
        customer=customer,
        phone=phone,
        at=datetime(2026, 1, 2, tzinfo=SHANGHAI),
        units=1,
        fen=fen,
        written=Written(phone, "1.00", "S1", writing),
    )


def test_points_are_whole_yuan_and_a_customer_beyond_cleaning_is_no_member() -> None:
    tickets = [
        ticket(1, 1_299),
        ticket(1, 99),
        ticket(1, 250, Writing.NASTY),
        ticket(2, 0),
        ticket(3, 5_000, Writing.BEYOND),
        ticket(1, 7_000, Writing.BEYOND),
    ]

    assert Expected.of(tickets) == Expected(
        sent=6, accepted=4, quarantined=2, members=2, points=12 + 0 + 2
    )


@pytest.mark.slow
def test_the_whole_history_leads_to_these_numbers() -> None:
    expected = Expected.of(write_tickets(read_history(sample=False), shift_days=10_000))

    # 107 of the 23,570 customers have no readable ticket, so they can't become members.
    assert expected == Expected(
        sent=69_659, accepted=68_920, quarantined=739, members=23_463, points=2_428_023
    )


def test_numbers_that_agree_contradict_nothing() -> None:
    report = Report.of(EXPECTED, STATUS, TENANT, LEDGER, SECONDS, seconds=12.34)

    assert json.loads(json.dumps(report.as_json())) == {
        "orders_sent": 10,
        "orders_accepted": 9,
        "orders_quarantined": 1,
        "members": 4,
        "points_issued": 120,
        "ledger_differences": 0,
        "webhook_to_points_seconds": {"p50": 0.1, "p99": 0.4},
        "seconds": 12.3,
        "contradictions": [],
    }


@pytest.mark.parametrize(
    ("status", "tenant", "ledger", "seconds", "contradictions"),
    [
        (
            replace(STATUS, accepted=8),
            TENANT,
            LEDGER,
            SECONDS,
            (
                "10 tickets were sent, but 8 accepted and 1 quarantined make 9.",
                "orders accepted: 8 instead of 9.",
            ),
        ),
        (
            replace(STATUS, accepted=8, quarantined=2),
            TENANT,
            LEDGER,
            SECONDS,
            ("orders accepted: 8 instead of 9.", "orders quarantined: 2 instead of 1."),
        ),
        (
            replace(STATUS, quarantined=2),
            TENANT,
            LEDGER,
            SECONDS,
            (
                "10 tickets were sent, but 9 accepted and 2 quarantined make 11.",
                "orders quarantined: 2 instead of 1.",
            ),
        ),
        (replace(STATUS, dead=1), TENANT, LEDGER, SECONDS, ("dead messages: 1 instead of 0.",)),
        (
            STATUS,
            replace(TENANT, members=5),
            LEDGER,
            SECONDS,
            ("members: 5 instead of 4.",),
        ),
        (
            STATUS,
            replace(TENANT, orders=10),
            LEDGER,
            SECONDS,
            ("orders of the tenant: 10 instead of 9.",),
        ),
        (
            STATUS,
            TENANT,
            replace(LEDGER, issued=119),
            SECONDS,
            ("points issued: 119 instead of 120.",),
        ),
        (
            STATUS,
            TENANT,
            replace(LEDGER, differences=2),
            SECONDS,
            ("differences in the ledger: 2 instead of 0.",),
        ),
        (
            STATUS,
            TENANT,
            LEDGER,
            Seconds(None, 0.4),
            ("The server doesn't tell the time from webhook to points.",),
        ),
        (
            STATUS,
            TENANT,
            LEDGER,
            Seconds(0.1, None),
            ("The server doesn't tell the time from webhook to points.",),
        ),
    ],
)
def test_a_wrong_number_is_said(
    status: Status,
    tenant: TenantNumbers,
    ledger: LedgerNumbers,
    seconds: Seconds,
    contradictions: tuple[str, ...],
) -> None:
    report = Report.of(EXPECTED, status, tenant, ledger, seconds, seconds=1)

    assert report.contradictions == contradictions

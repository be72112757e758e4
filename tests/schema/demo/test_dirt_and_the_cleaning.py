"""The product's cleaning on every ticket of the demo: it restores the truth or refuses as meant."""

from collections import Counter
from datetime import datetime

import pytest

from shuke_core.integrations.tickets import CleanSale, Rejected, clean_ticket
from shuke_schema.demo.history import read_history
from shuke_schema.demo.people import STORES
from shuke_schema.demo.tickets import SHANGHAI, wire, write_tickets

pytestmark = pytest.mark.slow


def test_every_ticket_comes_back_as_it_was_or_is_refused() -> None:
    tickets = write_tickets(read_history(sample=False), shift_days=10_000)
    now = datetime(2027, 1, 1, tzinfo=SHANGHAI)
    refusals: Counter[str] = Counter()
    for ticket in tickets:
        cleaned = clean_ticket(wire(ticket), zone=SHANGHAI, day_starts_at=0, now=now)
        if isinstance(cleaned, Rejected):
            refusals[cleaned.code] += 1
            assert not ticket.readable, (ticket, cleaned)
            continue
        assert isinstance(cleaned, CleanSale)
        assert cleaned.phone is not None
        assert cleaned.phone.e164 == f"+86{ticket.phone}"
        assert (cleaned.total_fen, cleaned.at) == (ticket.fen, ticket.at)
        # A store code is a text like any other; only the tenant's stores say that S9 is none.
        assert ticket.readable is (cleaned.store_code in STORES), (ticket, cleaned)

    assert refusals == {
        "PHONE_NOT_MOBILE": 178,
        "PHONE_DIGITS_LOST": 160,
        "PHONE_MASKED": 126,
        "AMOUNT_MISSING": 108,
        "AMOUNT_INVALID": 31,
    }

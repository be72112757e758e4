"""The dirt: readable dirt reads back as the same ticket, and the rest as none."""

from random import Random

import pytest

from shuke_schema.demo.dirt import NASTY_AMOUNTS, NASTY_PHONES, Writing, Written, write
from shuke_schema.demo.history import read_history
from shuke_schema.demo.people import STORES, phone_of
from shuke_schema.demo.tickets import write_tickets

from .cleaning_oracle import fen, mainland_phone


def test_the_forms_of_one_phone_and_one_amount() -> None:
    assert [form("13812345678") for form in NASTY_PHONES] == [
        "138 1234 5678",
        "138-1234-5678",
        "138.1234.5678",
        "+86 138-1234-5678",
        "8613812345678",
        "008613812345678",
        "(+86)13812345678",
        "86-13812345678",
        "＋８６　１３８１２３４５６７８",
        "１３８１２３４５６７８",
        "13812345678.0",
        "1.3812345678E+10",
        "013812345678",
        "\u200b13812345678\t",
        "\u202d138\xa01234\xa05678\u202c",
        "13812345678(张)",
        "13812345678/19900001111",
    ]
    assert [form(123_450) for form in NASTY_AMOUNTS] == [
        "￥1,234.50",
        "￥1，234.50",
        "¥ 1234.50",
        "1234.5元",
        "RMB1234.50",
        "１２３４．５０",
        "1234。50",
        " 1,234.50\t",
    ]


@pytest.mark.parametrize("amount", [0, 1, 50, 1_000, 1_200, 1_250, 1_234_567_89])
def test_every_amount_form_reads_back(amount: int) -> None:
    assert [fen(form(amount)) for form in NASTY_AMOUNTS] == [amount] * len(NASTY_AMOUNTS)


@pytest.mark.slow
def test_readable_tickets_read_back_exactly_and_the_others_never() -> None:
    tickets = write_tickets(read_history(sample=False), shift_days=10_000)
    shares = dict.fromkeys(Writing, 0)
    losses = {"phone": 0, "total": 0, "store": 0}
    for ticket in tickets:
        written = ticket.written
        shares[written.writing] += 1
        phone, amount = mainland_phone(written.phone), fen(written.total)
        known_store = written.store in STORES
        assert phone in (None, ticket.phone)  # never somebody else's
        assert amount in (None, ticket.fen)
        assert ticket.readable is (phone is not None and amount is not None and known_store)
        if written.writing is Writing.CLEAN:
            assert written.phone == ticket.phone
        losses["phone"] += phone is None
        losses["total"] += amount is None
        losses["store"] += not known_store

    assert sum(shares.values()) == 69_659
    assert 0.097 < shares[Writing.NASTY] / 69_659 < 0.103
    assert 0.009 < shares[Writing.BEYOND] / 69_659 < 0.011
    # One loss a ticket; three of the five kinds of loss hit the phone.
    assert sum(losses.values()) == shares[Writing.BEYOND]
    assert losses["phone"] > losses["total"] > 50
    assert losses["store"] > 50


def test_the_same_dice_write_the_same_ticket() -> None:
    phone = phone_of(7)

    def written_with(seeds: range) -> list[Written]:
        return [write(phone, 1_250, "S1", Random(seed)) for seed in seeds]  # noqa: S311

    first = written_with(range(500))

    assert first == written_with(range(500))
    assert {written.writing for written in first} == set(Writing)

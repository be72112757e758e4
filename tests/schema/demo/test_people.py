"""Phones and visits of the demo's people."""

from collections import Counter
from datetime import time
from random import Random

import phonenumbers

from shuke_schema.demo.people import STORES, favourite_store, phone_of, visit

EVERYBODY = range(1, 23_571)


def test_every_customer_has_a_valid_mainland_mobile_of_their_own() -> None:
    phones = [phone_of(customer) for customer in EVERYBODY]

    assert len(set(phones)) == 23_570
    assert {phone[:2] for phone in phones} == {"13", "15", "18"}
    for phone in phones[::50]:
        number = phonenumbers.parse(phone, "CN")
        assert phonenumbers.is_valid_number(number), phone
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE, phone


def test_nobody_has_a_number_that_tills_use_as_a_default() -> None:
    phones = {phone_of(customer) for customer in EVERYBODY}

    assert not phones & {"13800138000", "13888888888", "13000000000", "18888888888"}
    assert max(max(Counter(phone).values()) for phone in phones) < 10


def test_people_mostly_visit_their_favourite_store_in_opening_hours() -> None:
    visits = [
        visit(customer, Random(customer))  # noqa: S311
        for customer in range(1, 5_001)
    ]
    faithful = sum(
        store == favourite_store(customer) for customer, (store, _) in enumerate(visits, start=1)
    )

    assert {store for store, _ in visits} == set(STORES)
    assert 0.74 < faithful / len(visits) < 0.78  # 70 % by habit, and a fifth of the rest by chance
    assert min(clock for _, clock in visits) >= time(9)
    assert max(clock for _, clock in visits) < time(22)

"""The same newcomers through many channels at once: one member each."""

import asyncio
from collections.abc import Mapping
from random import Random
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.kit.transactions import in_unit_of_work
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, identify_members


def _person(number: int) -> Identity:
    phone = normalise_phone(f"137{number:08}")
    assert phone is not None
    return Identity.of_phone(phone)


async def _identified(shop: Shop, people: list[Identity]) -> Mapping[Identity, UUID]:
    return await in_unit_of_work(shop.tenant_id, lambda: identify_members(people))


async def _counts(shop: Shop) -> list[dict[str, int]]:
    return await shop.rows(
        "SELECT (SELECT count(*) FROM member WHERE tenant_id = $1) AS members, "
        "(SELECT count(*) FROM member_identity WHERE tenant_id = $1) AS identities, "
        "(SELECT count(*) FROM member_key WHERE tenant_id = $1) AS keys, "
        "(SELECT count(*) FROM event WHERE tenant_id = $1 AND type = 'member.joined') AS joined"
    )


async def test_ten_units_with_one_new_phone_make_one_member(shop: Shop) -> None:
    person = _person(1)
    found = await asyncio.gather(*(_identified(shop, [person]) for _ in range(10)))
    assert len({members[person] for members in found}) == 1
    assert await _counts(shop) == [{"members": 1, "identities": 1, "keys": 1, "joined": 1}]


@pytest.mark.slow
async def test_overlapping_batches_in_any_order_make_one_member_each(
    shop: Shop, soak: bool
) -> None:
    chance = Random(7)  # noqa: S311
    rounds, people_a_round = 60 if soak else 4, 30
    for turn in range(rounds):
        people = [_person(turn * people_a_round + n) for n in range(people_a_round)]
        batches = [chance.sample(people, 20) for _ in range(10)]
        found = await asyncio.gather(*(_identified(shop, batch) for batch in batches))
        for person in people:
            assert len({members[person] for members in found if person in members}) <= 1
        met = {person for batch in batches for person in batch}
        assert len({members[p] for members in found for p in members}) == len(met)
    total = (await _counts(shop))[0]
    assert total["members"] == total["identities"] == total["keys"] == total["joined"]

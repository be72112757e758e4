"""The same phone through WeChat, till and sign-up at the same moment; the same person twice at once."""

import asyncio
from collections.abc import Awaitable
from random import Random
from uuid import UUID

import pytest
from tests.core.wechat.people import bound, logged_in
from tests.support.shop import Shop

from shuke_core.kit.transactions import in_unit_of_work
from shuke_core.members import doubles, identities, visitors
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, identify_members
from shuke_core.wechat import binding

CHANNELS = 10
OTHER_APP = "wxfedcba9876543210"

# What must hold however they came between each other.
_TRUTH = """
SELECT (SELECT count(*) FROM member_identity WHERE tenant_id = $1 AND kind = 'phone'
           AND state = 'active')::int AS phones,
       (SELECT count(*) FROM member WHERE tenant_id = $1 AND state = 'active')::int AS members,
       (SELECT count(*) FROM member_identity i JOIN member m ON m.tenant_id = $1 AND m.id = i.member_id
         WHERE i.tenant_id = $1 AND i.state = 'active'
           AND m.state NOT IN ('visitor', 'active'))::int AS orphans,
       (SELECT count(*) FROM member m WHERE m.tenant_id = $1 AND m.state = 'active'
           AND NOT EXISTS (SELECT FROM member_identity i WHERE i.tenant_id = $1
                              AND i.member_id = m.id AND i.kind = 'phone'
                              AND i.state = 'active'))::int AS without_phone,
       (SELECT count(*) FROM member m JOIN member s ON s.tenant_id = $1 AND s.id = m.merged_into_id
         WHERE m.tenant_id = $1 AND s.state = 'merged')::int AS chains
"""


async def _truth(shop: Shop) -> dict[str, int]:
    return (await shop.rows(_TRUTH))[0]


async def _at_the_till(shop: Shop, phone: str) -> UUID:
    number = normalise_phone(phone)
    assert number is not None
    identity = Identity.of_phone(number)
    return (await in_unit_of_work(shop.tenant_id, lambda: identify_members([identity])))[identity]


async def _by_wechat(shop: Shop, visitor_id: UUID, phone: str) -> UUID | None:
    found = await bound(shop, visitor_id, phone)
    return None if found.waits else found.member_id


async def test_ten_channels_with_one_phone_end_in_one_member(shop: Shop) -> None:
    """Half come by one WeChat account in as many sockets, half by the till."""
    for turn in range(4):
        phone = f"1380013{turn:04}"
        person = await logged_in(shop, f"o-person{turn}")
        ways: list[Awaitable[UUID | None]] = []
        for channel in range(CHANNELS):
            ways.append(
                _by_wechat(shop, person.member_id, phone)
                if channel % 2
                else _at_the_till(shop, phone)
            )
        found = await asyncio.gather(*ways, return_exceptions=True)
        # Whose visitor has become the till's member meanwhile is told so, and asks again.
        told = {each for each in found if isinstance(each, UUID)}
        assert len(told) == 1
        assert {str(each) for each in found if not isinstance(each, UUID)} <= {
            "There is no such member."
        }
        assert (await logged_in(shop, f"o-person{turn}")).member_id == told.pop()
    assert await _truth(shop) == {
        "phones": 4,
        "members": 4,
        "orphans": 0,
        "without_phone": 0,
        "chains": 0,
    }


async def test_ten_accounts_that_claim_one_phone_leave_one_owner(shop: Shop) -> None:
    people = [(await logged_in(shop, f"o-person{n}")).member_id for n in range(CHANNELS)]
    found = await asyncio.gather(*(_by_wechat(shop, each, "13800138000") for each in people))
    owners = {each for each in found if each is not None}
    assert len(owners) == 1
    rows = await shop.rows(
        "SELECT count(*)::int AS claims FROM phone_claim WHERE tenant_id = $1 "
        "AND state = 'waiting' AND reason = 'in_use'"
    )
    assert rows == [{"claims": CHANNELS - 1}]
    truth = await _truth(shop)
    assert (truth["phones"], truth["members"], truth["orphans"]) == (1, 1, 0)


async def test_ten_log_ins_of_one_new_person_make_one_visitor(shop: Shop) -> None:
    found = await asyncio.gather(
        *(logged_in(shop, "o-person", "u-person") for _ in range(CHANNELS))
    )
    assert len({each.member_id for each in found}) == 1
    rows = await shop.rows("SELECT count(*)::int AS people FROM member WHERE tenant_id = $1")
    assert rows == [{"people": 1}]


@pytest.mark.slow
async def test_people_who_swap_phones_for_long_keep_one_phone_each(shop: Shop, soak: bool) -> None:
    chance = Random(11)  # noqa: S311
    phones = [f"1380014{n:04}" for n in range(3)]
    people = [(await logged_in(shop, f"o-person{n}")).member_id for n in range(8)]
    for _ in range(20 if soak else 3):
        await asyncio.gather(
            *(bound(shop, each, chance.choice(phones)) for each in people),
            *(_at_the_till(shop, phone) for phone in phones),
            return_exceptions=True,
        )
        truth = await _truth(shop)
        assert truth["phones"] <= len(phones)
        assert (truth["orphans"], truth["chains"]) == (0, 0)


async def test_without_locks_two_phones_at_once_leave_an_orphan(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken variant: nobody waits for the member's row, nobody looks at its state again."""
    settle = binding._settle

    async def slowly(member_id: UUID, identity: Identity) -> None:
        await asyncio.sleep(0.5)  # a new phone is entered, and not committed yet
        await settle(member_id, identity)

    async def without_a_lock(*member_ids: UUID, wholly: bool = False) -> dict[UUID, str]:
        return dict.fromkeys(member_ids, "visitor")

    async def orphans(turn: int) -> int:
        person = (await logged_in(shop, f"o-person{turn}")).member_id
        taken = f"1390013{turn:04}"
        await _at_the_till(shop, taken)
        first = asyncio.create_task(bound(shop, person, f"1380013{turn:04}"))
        await asyncio.sleep(0.2)
        others = [bound(shop, person, taken) for _ in range(7)]
        await asyncio.gather(first, *others, return_exceptions=True)
        return (await _truth(shop))["orphans"]

    monkeypatch.setattr(binding, "_settle", slowly)
    assert [await orphans(turn) for turn in range(3)] == [0, 0, 0]
    for room in (identities, visitors, binding):
        monkeypatch.setattr(room, "lock_people", without_a_lock)
    assert max([await orphans(turn) for turn in range(3, 6)]) > 0


async def _doubles_after_many_log_ins(shop: Shop, turn: int) -> int:
    """A visitor turns out to be a member, in as many log-ins at once; the pairs that are noted then."""
    phone, member, guest = f"1390013{turn:04}", f"o-app1-{turn}", f"o-app2-{turn}"
    await bound(shop, (await logged_in(shop, member, f"u-{turn}")).member_id, phone)
    await logged_in(shop, guest, app_id=OTHER_APP)
    log_ins = (logged_in(shop, guest, f"u-{turn}", app_id=OTHER_APP) for _ in range(CHANNELS))
    await asyncio.gather(*log_ins, return_exceptions=True)
    return len(await shop.rows("SELECT id FROM merge_candidate WHERE tenant_id = $1"))


async def test_many_log_ins_of_one_visitor_find_one_member_and_no_double(shop: Shop) -> None:
    for turn in range(4):
        assert await _doubles_after_many_log_ins(shop, turn) == 0
        first = (await logged_in(shop, f"o-app1-{turn}", f"u-{turn}")).member_id
        again = await logged_in(shop, f"o-app2-{turn}", f"u-{turn}", app_id=OTHER_APP)
        assert (again.member_id, again.is_visitor) == (first, False)


async def test_who_does_not_look_again_after_waiting_is_their_own_double(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def as_found(member_id: UUID) -> tuple[UUID, dict[UUID, str]]:
        return member_id, await visitors.lock_people(member_id)

    monkeypatch.setattr(visitors, "_locked_now", as_found)
    here = "AND m.state IN ('visitor', 'active') AND o.state IN ('visitor', 'active')"
    assert here in doubles._NOTE
    monkeypatch.setattr(doubles, "_NOTE", doubles._NOTE.replace(here, ""))
    assert max([await _doubles_after_many_log_ins(shop, turn) for turn in range(4)]) > 0

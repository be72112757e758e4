"""Members are given to advisors: by hand, dealt out, handed over; with a history of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.assignments.errors import (
    AdvisorAway,
    AdvisorUnknown,
    NobodyToAssign,
    TooManyMembers,
)
from shuke_core.assignments.queries import AssignmentWay, advisor_of
from shuke_core.assignments.services import (
    Chosen,
    assign_automatically,
    assign_members,
    hand_over,
)
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one, unit_of_work
from shuke_core.staff.presence import set_away, set_stores
from shuke_core.staff.services import add_staff, leave
from shuke_core.tenants.queries import stores_by_code


async def _advisor(handle: str, role: str = "advisor") -> UUID:
    await add_staff(handle, f"小{handle}", role)
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", handle)
    assert row is not None
    advisor_id: UUID = row["id"]
    return advisor_id


async def _history(member_id: UUID) -> list[dict[str, Any]]:
    return await fetch(
        "SELECT advisor_id, way, reason, actor_name FROM assignment WHERE tenant_id = $1 "
        "AND member_id = $2 ORDER BY assigned_at, id",
        member_id,
    )


async def _announced() -> list[tuple[str | None, str | None]]:
    rows = await fetch(
        "SELECT payload ->> 'advisor_id' AS to, payload ->> 'previous_id' AS was FROM event "
        "WHERE tenant_id = $1 AND type = 'member.assigned' ORDER BY seq"
    )
    return [(row["to"], row["was"]) for row in rows]


async def test_a_member_has_one_advisor_and_the_history_keeps_all(shop: Shop) -> None:
    member = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        ann, bob = await _advisor("ann"), await _advisor("bob", "clerk")
        assert await advisor_of(member) is None
        assert await assign_members(Chosen(ids=[member]), ann, "asked for her") == 1
        assert await assign_members(Chosen(ids=[member]), ann) == 0  # hers already
        assert await assign_members(Chosen(ids=[member]), bob) == 1
        assert await advisor_of(member) == bob
        assert await assign_members(Chosen(ids=[member]), None) == 1
        assert await advisor_of(member) is None
        told = [(row["advisor_id"], row["way"], row["reason"]) for row in await _history(member)]
    assert told == [(ann, "by_hand", "asked for her"), (bob, "by_hand", ""), (None, "by_hand", "")]
    async with unit_of_work(shop.tenant_id):
        assert await _announced() == [
            (str(ann), None),
            (str(bob), str(ann)),
            (None, str(bob)),
        ]


async def test_nobody_is_given_who_has_left_or_is_away(shop: Shop) -> None:
    member = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        ann, bob, now = await _advisor("ann"), await _advisor("bob"), clock.now()
        await set_away(ann, now - timedelta(hours=1), now + timedelta(hours=1))
        await leave("bob")
        for who, why in ((ann, AdvisorAway), (bob, AdvisorUnknown), (new_id(), AdvisorUnknown)):
            with pytest.raises(why):
                await assign_members(Chosen(ids=[member]), who)
            with pytest.raises(why):
                await hand_over(new_id(), who)
        for way in (AssignmentWay.ROUND_ROBIN, AssignmentWay.LEAST_BUSY, AssignmentWay.BY_STORE):
            with pytest.raises(NobodyToAssign):
                await assign_automatically(Chosen(), way)
        assert await advisor_of(member) is None
        await set_away(ann, now - timedelta(hours=2), now)  # until just now
        assert await assign_automatically(Chosen(), AssignmentWay.ROUND_ROBIN) == 1
        await set_away(ann, now + timedelta(hours=2), None)  # not yet
        assert await assign_members(Chosen(), None) == 1
        assert await assign_members(Chosen(), ann) == 1


async def test_only_advisors_are_dealt_members_and_only_those_without_one(shop: Shop) -> None:
    members = sorted([await shop.member(f"1380013800{n}") for n in range(4)])
    async with unit_of_work(shop.tenant_id):
        await _advisor("cid", "clerk")
        ann, bob = sorted([await _advisor("ann"), await _advisor("bob")])
        await assign_members(Chosen(ids=[members[0]]), bob)
        assert await assign_automatically(Chosen(), AssignmentWay.LEAST_BUSY) == 3
        assert [await advisor_of(m) for m in members] == [bob, ann, ann, bob]
        assert await assign_automatically(Chosen(), AssignmentWay.ROUND_ROBIN) == 0


async def test_by_store_the_first_order_says_where_a_member_belongs(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone="13800138000", store="S1"))
    await shop.sold(shop.ticket(phone="13800138000", store="S2"))
    await shop.sold(shop.ticket(phone="13900139000", store="S2"))
    one, two = await shop.member("13800138000"), await shop.member("13900139000")
    async with unit_of_work(shop.tenant_id):
        stores = await stores_by_code(["S1", "S2"])
        ann = await _advisor("ann")
        await set_stores(ann, [stores["S1"]])
        assert await assign_automatically(Chosen(), AssignmentWay.BY_STORE) == 1
        assert (await advisor_of(one), await advisor_of(two)) == (ann, None)
        await set_stores(ann, [stores["S2"]])
        assert (
            await assign_automatically(Chosen(store_id=stores["S2"]), AssignmentWay.BY_STORE) == 1
        )
        assert await advisor_of(two) == ann


async def test_who_leaves_hands_all_over(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shuke_core.assignments.services.MOST", 2)  # so that it takes three rounds
    members = [await shop.member(f"1380013800{n}") for n in range(5)]
    async with unit_of_work(shop.tenant_id):
        ann, bob = await _advisor("ann"), await _advisor("bob")
        for member in members:
            await assign_members(Chosen(ids=[member]), ann)
        await leave("ann", bob)
        assert {await advisor_of(m) for m in members} == {bob}
        assert await assign_members(Chosen(advisor_id=ann), bob) == 0
        await leave("bob")
        assert {await advisor_of(m) for m in members} == {None}
        assert [row["way"] for row in await _history(members[0])] == [
            "by_hand", "hand_over", "hand_over"
        ]  # fmt: skip
        with pytest.raises(TooManyMembers):
            await assign_members(Chosen(ids=members), None)

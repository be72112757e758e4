"""A profile on a real database: rewards once, birthdays once a year, versions, all or nothing."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.transactions import in_unit_of_work, unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.members.errors import MemberUnknown
from shuke_core.merging.services import merge_members
from shuke_core.profiles.errors import (
    MemberChanged,
    ProfileFieldInvalid,
    ProfileFieldUnknown,
    ProfileRefused,
)
from shuke_core.profiles.queries import asked_fields, profiles_of, values_of
from shuke_core.profiles.rules import BUILTIN, FieldKind, FieldSpec
from shuke_core.profiles.services import (
    retire_profile_field,
    save_profile_field,
    update_member,
    update_own_profile,
)

PHONE = "13800138000"
SHOES = FieldSpec("shoes", FieldKind.NUMBER, "鞋码", "Shoes", reward_points=20, least=30, most=50)
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
Result = TypeVar("Result")


async def act(shop: Shop, work: Awaitable[Result]) -> Result:
    async with unit_of_work(shop.tenant_id):
        return await work


async def faults(shop: Shop, work: Awaitable[object]) -> dict[str, str]:
    with pytest.raises(ProfileRefused) as refused:
        await act(shop, work)
    found = refused.value.facts["faults"]
    assert isinstance(found, dict)
    return {key: fault.code for key, fault in found.items()}


async def points(shop: Shop, member: UUID) -> int:
    async with unit_of_work(shop.tenant_id):
        return (await balance_of(member)).available


async def test_a_reward_is_earned_once_however_often_it_is_cleared_and_set(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await act(shop, save_profile_field(SHOES))
    for said in ("42", None, "43", "43", None, "42"):
        await act(shop, update_own_profile(member, {"shoes": said}))
    assert await points(shop, member) == 20
    rows = await shop.rows(
        "SELECT e.amount, e.cause_type, l.expires_at IS NULL AS for_ever FROM ledger_entry e "
        "JOIN ledger_lot l ON l.tenant_id = $1 AND l.entry_id = e.id WHERE e.tenant_id = $1"
    )
    assert [(row["amount"], row["cause_type"]) for row in rows] == [(20, "profile")]
    rows = await shop.rows("SELECT type FROM event WHERE tenant_id = $1 AND type = 'points.moved'")
    assert len(rows) == 1
    async with unit_of_work(shop.tenant_id):
        specs = await asked_fields()
        card = (await profiles_of([member], specs))[member]
    assert (card.values, card.rewarded) == ({"shoes": 42}, {"shoes"})
    assert card.completion(specs) == 14


async def test_who_was_merged_has_had_the_reward(shop: Shop) -> None:
    member, other = await shop.member(PHONE), await shop.member("13900139000")
    await act(shop, save_profile_field(SHOES))
    await act(shop, update_own_profile(other, {"shoes": "42"}))
    await act(shop, merge_members(member, other))
    await act(shop, update_own_profile(member, {"shoes": "42"}))
    assert await points(shop, member) == 20
    async with unit_of_work(shop.tenant_id):
        assert (await profiles_of([member], await asked_fields()))[member].rewarded == {"shoes"}


async def test_a_reward_that_came_later_is_earned_by_saying_it_again(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await act(shop, update_own_profile(member, {"gender": "female"}))
    assert await points(shop, member) == 0
    gender = FieldSpec("gender", FieldKind.BUILTIN, "性别", "Gender", reward_points=5)
    await act(shop, save_profile_field(gender))
    assert await act(shop, update_own_profile(member, {"gender": "female"})) == 2
    assert await points(shop, member) == 5


async def test_a_member_changes_their_birthday_once_a_year(shop: Shop) -> None:
    member = await shop.member(PHONE)
    said = [{"birthday": day} for day in ("1990-05-01", "1991-05-01")]
    with clock.held_at(NOON):
        await act(shop, update_own_profile(member, said[0]))
        assert await act(shop, update_own_profile(member, said[0])) == 2  # the same is no change
    with clock.held_at(NOON + timedelta(days=364)):
        assert await faults(shop, update_own_profile(member, said[1])) == {
            "birthday": "PROFILE_FIELD_LOCKED"
        }
        emptied = update_own_profile(member, {"birthday": None})
        assert await faults(shop, emptied) == {"birthday": "PROFILE_FIELD_LOCKED"}
        await act(shop, update_member(member, 2, {"birthday": "1992-05-01"}))  # staff may
    with clock.held_at(NOON + timedelta(days=365)):
        await act(shop, update_own_profile(member, said[1]))
    async with unit_of_work(shop.tenant_id):
        assert (await values_of([member]))[member] == {"birthday": date(1991, 5, 1)}


async def test_what_staff_have_entered_the_member_may_correct(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await act(shop, update_member(member, 1, {"birthday": "1990-05-01"}))
    await act(shop, update_own_profile(member, {"birthday": "1990-05-02"}))
    assert await faults(shop, update_own_profile(member, {"birthday": "1990-05-03"})) == {
        "birthday": "PROFILE_FIELD_LOCKED"
    }


async def test_all_of_it_or_nothing_with_every_fault(shop: Shop) -> None:
    member = await shop.member(PHONE)
    required = FieldSpec("name", FieldKind.BUILTIN, "姓名", "Name", required=True)
    await act(shop, save_profile_field(required))
    await act(shop, save_profile_field(SHOES))
    await act(shop, update_own_profile(member, {"name": "王小明"}))
    said = {"nickname": "阿王", "name": None, "shoes": "99", "region": "000000", "x": "y"}
    assert await faults(shop, update_own_profile(member, said)) == {
        "name": "PROFILE_VALUE_REQUIRED",
        "shoes": "PROFILE_VALUE_INVALID",
        "region": "PROFILE_VALUE_INVALID",
        "x": "PROFILE_FIELD_UNKNOWN",
    }
    async with unit_of_work(shop.tenant_id):
        assert (await values_of([member]))[member] == {"name": "王小明"}
    assert await points(shop, member) == 0


async def test_of_two_who_edit_one_version_the_second_is_refused(shop: Shop) -> None:
    member = await shop.member(PHONE)

    async def edit(name: str) -> int | None:
        try:
            return await in_unit_of_work(
                shop.tenant_id, lambda: update_member(member, 1, {"name": name})
            )
        except MemberChanged:
            return None

    done = await asyncio.gather(*(edit(f"王{number}") for number in range(8)))
    assert sorted(each or 0 for each in done) == [0] * 7 + [2]
    (row,) = await shop.rows("SELECT name, version FROM member WHERE tenant_id = $1")
    assert row == {"name": f"王{done.index(2)}", "version": 2}


async def test_what_is_retired_is_asked_no_more_and_stays_said(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await act(shop, save_profile_field(SHOES))
    await act(shop, update_own_profile(member, {"shoes": "42"}))
    for key in ("shoes", "gender"):
        await act(shop, retire_profile_field(key))
    with pytest.raises(ProfileFieldUnknown):
        await act(shop, retire_profile_field("shoes"))
    assert await faults(shop, update_own_profile(member, {"shoes": "43", "gender": "male"})) == {
        "shoes": "PROFILE_FIELD_UNKNOWN",
        "gender": "PROFILE_FIELD_UNKNOWN",
    }
    async with unit_of_work(shop.tenant_id):
        keys = [spec.key for spec in await asked_fields()]
        assert (await values_of([member]))[member] == {"shoes": 42}
    assert keys == [key for key in BUILTIN if key != "gender"]
    await act(shop, save_profile_field(SHOES))  # and again


async def test_a_kind_is_for_ever_and_forms_have_an_end(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await act(shop, save_profile_field(SHOES))
    with pytest.raises(ProfileFieldInvalid):
        await act(shop, save_profile_field(FieldSpec("shoes", FieldKind.TEXT, "鞋", "Shoes")))
    monkeypatch.setattr("shuke_core.profiles.services.MOST_FIELDS", 7)
    with pytest.raises(ProfileFieldInvalid):
        await act(shop, save_profile_field(FieldSpec("hat", FieldKind.TEXT, "帽", "Hat")))
    await act(shop, save_profile_field(SHOES))  # what is there may be saved again


async def test_nobody_changes_who_is_not_there(shop: Shop, other_shop: Shop) -> None:
    theirs = await other_shop.member(PHONE)
    with pytest.raises(MemberUnknown):
        await act(shop, update_own_profile(theirs, {"nickname": "阿王"}))
    assert await other_shop.rows("SELECT nickname, version FROM member WHERE tenant_id = $1") == [
        {"nickname": None, "version": 1}
    ]

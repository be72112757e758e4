"""Who may be there twice: noted with the reason, closed by merges, open again after undos."""

from datetime import date
from uuid import UUID

import pytest
from tests.core.merging.people import GONE, KEPT, merge, set_fields, two, undo
from tests.core.points.counter import act
from tests.core.wechat.people import bound, claim_id, logged_in, visitor, with_phone
from tests.support.shop import Shop

from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.doubles import DoubleReason, note_all_alike, note_double
from shuke_core.members.services import rename_member
from shuke_core.merging.errors import MergeCandidateUnknown
from shuke_core.merging.services import dismiss_candidate
from shuke_core.personal_data.erasure import erase
from shuke_core.profiles.services import update_member, update_own_profile
from shuke_core.wechat.claims import decide_claim

OTHER_APP = "wxfedcba9876543210"
BORN = date(1990, 5, 1)


async def _open(shop: Shop) -> list[tuple[UUID, UUID, str]]:
    rows = await shop.rows(
        "SELECT member_id, older_id, reason FROM merge_candidate WHERE tenant_id = $1 "
        "AND state = 'open' ORDER BY reason, member_id, older_id"
    )
    return [(row["member_id"], row["older_id"], row["reason"]) for row in rows]


async def test_two_members_whom_wechat_takes_for_one_person(shop: Shop) -> None:
    known = await with_phone(shop, "o-app1-1")
    await logged_in(shop, "o-app1-1", "u-person1")
    second = (await logged_in(shop, "o-app2-1", app_id=OTHER_APP)).member_id
    await bound(shop, second, GONE)
    assert await _open(shop) == []
    for _ in range(2):  # each log-in says so again
        late = await logged_in(shop, "o-app2-1", "u-person1", app_id=OTHER_APP)
        assert late.member_id == second
    assert await _open(shop) == [(second, known, "identity")]


async def test_two_members_who_claim_one_phone_until_they_are_found_to_be_two(shop: Shop) -> None:
    holder = await shop.member(KEPT)
    member = await with_phone(shop, "o-1", GONE)
    assert (await bound(shop, member, KEPT)).waits
    assert await _open(shop) == [(member, holder, "phone")]
    claim = await claim_id(shop)
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        (staff,) = await fetch("SELECT id FROM staff WHERE tenant_id = $1")
        await decide_claim(claim, staff["id"], same_person=False, may_merge=False)
    assert await _open(shop) == []


async def test_name_and_birthday_are_noted_when_they_are_told(shop: Shop) -> None:
    ids = [await shop.member(f"1380013800{nth}") for nth in range(4)]
    told = {"name": "王小明", "birthday": BORN.isoformat()}
    for each in ids[:3]:
        await act(shop, lambda m=each: update_member(m, 1, told))  # type: ignore[misc]
    alike = "name_and_birthday"
    expected = [(each, ids[0], alike) for each in sorted(ids[1:3])]
    assert await _open(shop) == expected
    await act(shop, lambda: update_own_profile(ids[3], {"birthday": BORN.isoformat()}))
    assert await _open(shop) == expected  # a birthday in common is nothing
    await act(shop, lambda: rename_member(ids[3], "王小明"))
    assert await _open(shop) == [(each, ids[0], alike) for each in sorted(ids[1:])]


async def test_each_night_all_are_looked_at(shop: Shop) -> None:
    ids = [await shop.member(f"1380013800{nth}") for nth in range(6)]
    for nth, (name, day) in enumerate((("王", 1), ("王", 1), ("王", 1), ("王", 2), ("李", 1))):
        await set_fields(shop, ids[nth], name=name, birthday=date(1990, 5, day))
    await set_fields(shop, ids[5], name="王")
    for _ in range(2):
        assert await act(shop, note_all_alike) is False
        assert await _open(shop) == [
            (each, ids[0], "name_and_birthday") for each in sorted(ids[1:3])
        ]
    await set_fields(shop, ids[1], name="王二")
    await act(shop, lambda: note_double(ids[0], ids[1], DoubleReason.IDENTITY))
    await act(shop, note_all_alike)
    assert await _open(shop) == [
        (ids[1], ids[0], "identity"),  # what WeChat says is not taken back by a name
        (ids[2], ids[0], "name_and_birthday"),
    ]


async def test_a_pair_that_is_dismissed_is_not_found_again_for_what_was_known(shop: Shop) -> None:
    ids = [await shop.member(f"1380013800{nth}") for nth in range(3)]
    for each in ids:
        await set_fields(shop, each, name="王", birthday=BORN)
    await act(shop, note_all_alike)
    await act(shop, lambda: note_double(ids[0], ids[1], DoubleReason.PHONE))
    pair = "SELECT id FROM merge_candidate WHERE tenant_id = $1 AND member_id = $2 LIMIT 1"
    (row,) = await shop.rows(pair, ids[1])
    await act(shop, lambda: dismiss_candidate(row["id"]))
    left = [(ids[2], ids[0], "name_and_birthday")]
    assert await _open(shop) == left
    await act(shop, note_all_alike)
    await act(shop, lambda: note_double(ids[1], ids[0], DoubleReason.PHONE))
    assert await _open(shop) == left
    with pytest.raises(MergeCandidateUnknown):
        await act(shop, lambda: dismiss_candidate(row["id"]))
    acts = "SELECT act, member_id FROM audit_entry WHERE tenant_id = $1 AND act LIKE 'merge_c%'"
    assert await shop.rows(acts) == [{"act": "merge_candidate.dismissed", "member_id": ids[1]}]
    await act(shop, lambda: note_double(ids[0], ids[1], DoubleReason.IDENTITY))
    assert await _open(shop) == [(ids[1], ids[0], "identity"), *left]  # that was not known
    merge_id = await merge(shop, ids[0], ids[1])
    assert await _open(shop) == left
    await undo(shop, merge_id)
    assert await _open(shop) == [(ids[1], ids[0], "identity"), *left]


async def test_a_merge_closes_what_it_settles_and_its_undo_opens_it(shop: Shop) -> None:
    kept, gone = await two(shop)
    third = await shop.member("13800138003")
    for one, other in ((kept, gone), (kept, third), (gone, third)):
        await act(shop, lambda a=one, b=other: note_double(a, b, DoubleReason.IDENTITY))  # type: ignore[misc]
    before = await _open(shop)
    assert len(before) == 3
    merge_id = await merge(shop, kept, gone)
    (left,) = await _open(shop)  # twice the same pair would be one too many
    assert left[0] == third
    last = await merge(shop, third, gone)
    assert await _open(shop) == []
    await undo(shop, last)
    assert await _open(shop) == [left]
    await undo(shop, merge_id)
    assert await _open(shop) == before


async def test_whoever_is_erased_is_nobodys_double(shop: Shop) -> None:
    kept, gone = await two(shop)
    await act(shop, lambda: note_double(kept, gone, DoubleReason.IDENTITY))
    await act(shop, lambda: erase(kept, "asked for"))
    assert await shop.rows("SELECT id FROM merge_candidate WHERE tenant_id = $1") == []


async def test_a_phone_that_comes_free_makes_nobody_a_double(shop: Shop) -> None:
    holder = await with_phone(shop, "o-1", KEPT)
    member = await with_phone(shop, "o-2", GONE)
    assert (await bound(shop, member, KEPT)).waits
    assert await _open(shop) == [(member, holder, "phone")]
    await bound(shop, holder, "13700137000")
    assert not (await bound(shop, member, KEPT)).waits
    assert await _open(shop) == []


async def test_a_visitor_who_becomes_the_member_is_their_double_no_more(shop: Shop) -> None:
    came, member = await visitor(shop), await shop.member(KEPT)
    await act(shop, lambda: note_double(came, member, DoubleReason.IDENTITY))
    assert len(await _open(shop)) == 1
    assert (await bound(shop, came, KEPT)).member_id == member
    assert await _open(shop) == []

"""A verified phone finds its member: visitors, people of the till, phones that were handed out anew."""

from asyncio import gather
from datetime import timedelta
from uuid import UUID

import pytest
from tests.core.wechat.people import (
    APP,
    PHONE,
    bound,
    claim_id,
    claims,
    logged_in,
    slept,
    state_of,
    verified,
    visitor,
    with_phone,
)
from tests.support.shop import Shop

from shuke_core.audit.queries import Search, acts_before, opened_changes
from shuke_core.audit.sealed import place_of
from shuke_core.kit import clock
from shuke_core.kit.crypto import CannotOpen
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch_one, unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.ledger.services import Earning, earn
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.identities import id_of_identity
from shuke_core.members.queries import count_members
from shuke_core.members.services import issue_token, member_of_token
from shuke_core.members.visitors import absorb_visitor
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.personal_data.erasure import erase
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.wechat.binding import bind_phone
from shuke_core.wechat.claims import decide_claim
from shuke_core.wechat.errors import (
    PhoneClaimDecided,
    PhoneClaimNeedsMerge,
    PhoneClaimStale,
    PhoneClaimUnknown,
)

OTHER = "13900139000"


async def _decide(shop: Shop, *, same_person: bool, may_merge: bool = False) -> UUID | None:
    found = await claim_id(shop)
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        staff = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1")
        assert staff is not None
        return await decide_claim(found, staff["id"], same_person=same_person, may_merge=may_merge)


async def test_a_visitor_is_no_member_until_the_phone_comes(shop: Shop) -> None:
    visitor_id = await visitor(shop)
    async with unit_of_work(shop.tenant_id):
        assert await count_members(None, False) == 0
    events = "SELECT id FROM event WHERE tenant_id = $1 AND type = 'member.joined'"
    assert await shop.rows(events) == []
    found = await bound(shop, visitor_id)
    assert (found.member_id, found.waits) == (visitor_id, False)
    assert await state_of(shop, visitor_id) == ("active", None, "138****8000")
    assert await shop.member(PHONE) == visitor_id
    assert len(await shop.rows(events)) == 1
    async with unit_of_work(shop.tenant_id):
        assert await count_members(None, False) == 1


async def test_logging_in_again_finds_the_same_person(shop: Shop) -> None:
    first, again = await logged_in(shop, "o-1"), await logged_in(shop, "o-1")
    assert (first.member_id, first.is_visitor) == (again.member_id, again.is_visitor)
    assert first.token != again.token
    await bound(shop, first.member_id)
    assert not (await logged_in(shop, "o-1")).is_visitor


async def test_an_openid_is_somebody_else_in_another_mini_program(shop: Shop) -> None:
    one = await logged_in(shop, "o-same1")
    other = await logged_in(shop, "o-same1", app_id="wxfedcba9876543210")
    assert one.member_id != other.member_id


async def test_a_unionid_brings_two_mini_programs_together(shop: Shop) -> None:
    one = await logged_in(shop, "o-app1-1", "u-person1")
    other = await logged_in(shop, "o-app2-1", "u-person1", app_id="wxfedcba9876543210")
    assert one.member_id == other.member_id


async def test_a_unionid_that_comes_late_makes_one_of_two_visitors(shop: Shop) -> None:
    known = await logged_in(shop, "o-app1-1", "u-person1")
    early = await logged_in(shop, "o-app2-1", app_id="wxfedcba9876543210")
    assert early.member_id != known.member_id
    late = await logged_in(shop, "o-app2-1", "u-person1", app_id="wxfedcba9876543210")
    assert late.member_id == known.member_id
    assert await state_of(shop, early.member_id) == ("merged", known.member_id, None)
    async with unit_of_work(shop.tenant_id):
        assert await member_of_token(early.token) == known.member_id


async def test_two_members_with_one_unionid_stay_two(shop: Shop) -> None:
    """Bringing members together is a decision of staff."""
    known = await with_phone(shop, "o-app1-1")
    await logged_in(shop, "o-app1-1", "u-person1")
    second = await logged_in(shop, "o-app2-1", app_id="wxfedcba9876543210")
    await bound(shop, second.member_id, OTHER)
    late = await logged_in(shop, "o-app2-1", "u-person1", app_id="wxfedcba9876543210")
    assert late.member_id == second.member_id != known


async def test_somebody_of_the_till_is_found_by_the_phone_with_all_they_have(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"))
    at_till = await shop.member(PHONE)
    came = await logged_in(shop, "o-visitor")
    found = await bound(shop, came.member_id)
    assert (found.member_id, found.waits) == (at_till, False)
    assert await state_of(shop, came.member_id) == ("merged", at_till, None)
    async with unit_of_work(shop.tenant_id):
        assert await member_of_token(came.token) == at_till  # still logged in
        assert await id_of_identity("openid", APP, "o-visitor") == at_till
        assert (await balance_of(at_till)).available == 12
    assert (await logged_in(shop, "o-visitor")).member_id == at_till


async def test_a_phone_is_bound_to_nobody_who_was_erased_just_then(shop: Shop) -> None:
    came = await visitor(shop)
    async with unit_of_work(shop.tenant_id):
        await erase(came, "asked for")
    with pytest.raises(MemberUnknown):
        await bound(shop, came)


async def test_who_becomes_a_member_may_have_brought_a_guardians_word(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE))
    at_till, came = await shop.member(PHONE), await visitor(shop)
    await bound(shop, came)
    told = "SELECT entity FROM event WHERE tenant_id = $1 AND type = 'member.age_changed'"
    assert await shop.rows(told) == [{"entity": f"member:{at_till}"}]


async def test_binding_again_changes_nothing(shop: Shop) -> None:
    member_id = await with_phone(shop, "o-1")
    assert (await bound(shop, member_id)).member_id == member_id
    assert await claims(shop) == []
    rows = await shop.rows(
        "SELECT state FROM member_identity WHERE tenant_id = $1 AND kind = 'phone'"
    )
    assert rows == [{"state": "active"}]


async def test_a_new_phone_takes_the_place_of_the_old_one(shop: Shop) -> None:
    member_id = await with_phone(shop, "o-1")
    await bound(shop, member_id, OTHER)
    assert await state_of(shop, member_id) == ("active", None, "139****9000")
    assert await shop.member(OTHER) == member_id
    assert not await shop.knows(PHONE)
    acts = await shop.rows(
        "SELECT act FROM audit_entry WHERE tenant_id = $1 AND member_id = $2", member_id
    )
    assert acts == [{"act": "member.phone_changed"}]
    assert await shop.member(PHONE) != member_id  # whoever has the old number now


async def test_a_phone_that_lay_still_for_long_waits_for_staff(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE))
    holder = await shop.member(PHONE)
    await slept(shop, holder)
    with clock.held_at(clock.now() + timedelta(days=400)):
        came = await logged_in(shop, "o-visitor")
        for _ in range(2):  # asked again it is the same claim
            found = await bound(shop, came.member_id)
            assert (found.member_id, found.waits) == (came.member_id, True)
    assert await claims(shop) == [(came.member_id, holder, "inactive", "waiting")]
    assert (await state_of(shop, came.member_id))[0] == "visitor"


async def _holder(shop: Shop, *acts: tuple[str, int]) -> UUID:
    """Who is known by the phone: what they did, and how many days ago."""
    for act, ago in acts:
        with clock.held_at(clock.now() - timedelta(days=ago)):
            holder = await shop.member(PHONE)
            if act == "log-in":
                async with unit_of_work(shop.tenant_id):
                    await issue_token(holder)
        if act == "sale":
            await shop.sold(shop.ticket(phone=PHONE))
            await shop.rows(  # the one that is not dated back yet
                "UPDATE orders SET placed_at = now() - make_interval(days => $2) "
                "WHERE tenant_id = $1 AND placed_at = (SELECT max(placed_at) FROM orders "
                "WHERE tenant_id = $1) RETURNING id",
                ago,
            )
    return holder


@pytest.mark.parametrize(
    "acts",
    [
        [("joining", 0)],
        [("joining", 500), ("log-in", 3)],
        [("log-in", 500), ("sale", 200), ("sale", 3)],  # never away for long
        [("sale", 700), ("sale", 400), ("sale", 100)],
        [
            ("sale", 900),
            ("log-in", 300),
            ("sale", 3),
        ],  # it was them: what lay before is of no matter
    ],
)
async def test_whoever_did_something_lately_is_not_asleep(
    acts: list[tuple[str, int]], shop: Shop
) -> None:
    holder = await _holder(shop, *acts)
    assert (await bound(shop, await visitor(shop))).member_id == holder
    assert await claims(shop) == []


@pytest.mark.parametrize(
    "acts",
    [
        [("joining", 500)],
        [("log-in", 500)],
        [("sale", 500), ("sale", 3)],  # whoever has the number now may have bought
        [("log-in", 500), ("sale", 60), ("sale", 30), ("sale", 3)],
        [("log-in", 900), ("sale", 800), ("sale", 20), ("sale", 3)],
    ],
)
async def test_a_purchase_after_long_sleep_proves_nothing(
    acts: list[tuple[str, int]], shop: Shop
) -> None:
    holder = await _holder(shop, *acts)
    came = await visitor(shop)
    assert (await bound(shop, came)).waits
    assert await claims(shop) == [(came, holder, "inactive", "waiting")]


async def test_a_log_in_of_who_was_merged_is_one_of_who_they_became(shop: Shop) -> None:
    holder = await _holder(shop, ("joining", 500))
    other = await shop.member(OTHER)
    async with unit_of_work(shop.tenant_id):
        await issue_token(other)
        await merge_members(holder, other)
    assert (await bound(shop, await visitor(shop))).member_id == holder


async def test_a_phone_that_another_account_of_the_mini_program_has_waits(shop: Shop) -> None:
    holder = await with_phone(shop, "o-1")
    came = await visitor(shop, "o-2")
    assert (await bound(shop, came)).waits
    assert await claims(shop) == [(came, holder, "in_use", "waiting")]


async def test_a_phone_that_somebody_uses_through_another_mini_program_waits(shop: Shop) -> None:
    holder = await with_phone(shop, "o-1")
    came = await logged_in(shop, "o-2", app_id="wxfedcba9876543210")
    told = verified(app_id="wxfedcba9876543210")
    async with unit_of_work(shop.tenant_id):
        assert (await bind_phone(came.member_id, told)).waits
    assert await claims(shop) == [(came.member_id, holder, "in_use", "waiting")]


async def test_what_staff_do_with_an_account_wakes_nobody(shop: Shop) -> None:
    with clock.held_at(clock.now() - timedelta(days=500)):
        holder, other = await shop.member(PHONE), await shop.member(OTHER)
    async with unit_of_work(shop.tenant_id):
        earning = Earning(other, 5, new_id(), clock.now() - timedelta(days=500), None)
        await earn([earning], cause_type="order", rule_id=None)
        await merge_members(holder, other)
    assert (await bound(shop, await visitor(shop))).waits


async def test_a_members_claim_of_somebody_elses_phone_waits(shop: Shop) -> None:
    holder = await shop.member(PHONE)
    member_id = await with_phone(shop, "o-1", OTHER)
    found = await bound(shop, member_id)
    assert (found.member_id, found.waits) == (member_id, True)
    assert await claims(shop) == [(member_id, holder, "taken", "waiting")]
    assert await state_of(shop, member_id) == ("active", None, "139****9000")


async def test_one_person_becomes_the_member_who_had_the_phone(shop: Shop) -> None:
    holder = await with_phone(shop, "o-1")
    came = await logged_in(shop, "o-22222")
    await bound(shop, came.member_id)
    await _decide(shop, same_person=True)
    assert await state_of(shop, came.member_id) == ("merged", holder, None)
    async with unit_of_work(shop.tenant_id):
        assert await member_of_token(came.token) == holder
    assert (await logged_in(shop, "o-22222")).member_id == holder
    assert (await claims(shop))[0][3] == "same"


async def test_another_person_gets_the_phone_and_nothing_else(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE, total="12.50"))
    holder = await shop.member(PHONE)
    await slept(shop, holder)
    came = await visitor(shop)
    with clock.held_at(clock.now() + timedelta(days=400)):
        assert (await bound(shop, came)).waits
    await _decide(shop, same_person=False)
    assert await state_of(shop, came) == ("active", None, "138****8000")
    assert await state_of(shop, holder) == ("active", None, None)
    assert await shop.member(PHONE) == came
    async with unit_of_work(shop.tenant_id):
        assert (await balance_of(holder)).available == 12
        assert (await balance_of(came)).available == 0
    assert (await claims(shop))[0][3] == "other"


@pytest.mark.parametrize("holder_is_erased", [False, True])
async def test_what_is_told_of_a_phone_that_changed_hands_goes_with_whose_it_is(
    holder_is_erased: bool, shop: Shop
) -> None:
    holder, came = await with_phone(shop, "o-1"), await visitor(shop, "o-22222")
    assert (await bound(shop, came)).waits
    if holder_is_erased:
        async with unit_of_work(shop.tenant_id):
            await erase(holder, "asked for")
    await _decide(shop, same_person=False)
    assert await _decision(shop) == (came, {"same_person", "phone"})
    async with unit_of_work(shop.tenant_id):
        await erase(came, "asked for")
    assert await _decision(shop) == (came, set())


async def _decision(shop: Shop) -> tuple[UUID | None, set[str]]:
    """Whom the entry about the claim is kept for, and what can be read of it with any key."""
    async with unit_of_work(shop.tenant_id):
        (row,) = await acts_before(Search(act="phone_claim.decided"), None, 5)
        (changes,) = (await opened_changes([row])).values()
        if changes is None and row.changes is not None:
            with pytest.raises(CannotOpen):
                (await tenant_keys()).for_texts.open(row.changes, place_of(row.id))
    return row.member_id, set(changes or {})


async def test_a_member_gets_a_phone_that_staff_take_from_another(shop: Shop) -> None:
    holder = await shop.member(PHONE)
    member_id = await with_phone(shop, "o-1", OTHER)
    await bound(shop, member_id)
    await _decide(shop, same_person=False)
    assert await state_of(shop, member_id) == ("active", None, "138****8000")
    assert await state_of(shop, holder) == ("active", None, None)
    assert not await shop.knows(OTHER)


async def test_one_person_with_two_memberships_is_merged_by_who_may(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=OTHER, total="12.50"))
    holder = await shop.member(PHONE)
    member_id = await with_phone(shop, "o-1", OTHER)
    assert (await bound(shop, member_id)).waits
    with pytest.raises(PhoneClaimNeedsMerge):
        await _decide(shop, same_person=True)
    assert await state_of(shop, member_id) == ("active", None, "139****9000")
    merge_id = await _decide(shop, same_person=True, may_merge=True)
    assert merge_id is not None
    assert await state_of(shop, member_id) == ("merged", holder, "139****9000")
    assert await state_of(shop, holder) == ("active", None, "138****8000")
    assert (await claims(shop))[0][3] == "same"
    assert (await logged_in(shop, "o-1")).member_id == holder
    async with unit_of_work(shop.tenant_id):
        assert (await balance_of(holder)).available == 12
    acts = await shop.rows(
        "SELECT act, member_id FROM audit_entry WHERE tenant_id = $1 "
        "AND act IN ('member.merged', 'phone_claim.decided') ORDER BY recorded_at, id"
    )
    assert acts == [
        {"act": "member.merged", "member_id": holder},
        {"act": "phone_claim.decided", "member_id": holder},
    ]
    open_ = "SELECT id FROM merge_candidate WHERE tenant_id = $1 AND state = 'open'"
    assert await shop.rows(open_) == []
    async with unit_of_work(shop.tenant_id):
        assert await undo_merge(merge_id) == member_id
    assert await state_of(shop, member_id) == ("active", None, "139****9000")
    assert (await logged_in(shop, "o-1")).member_id == member_id
    assert len(await shop.rows(open_)) == 1


async def test_two_who_decide_at_once_decide_once(shop: Shop) -> None:
    await shop.member(PHONE)
    await bound(shop, await with_phone(shop, "o-1", OTHER))
    await shop.staff_login()
    (staff,) = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1")
    found = await claim_id(shop)

    async def decide(same_person: bool) -> str:
        try:
            async with unit_of_work(shop.tenant_id):
                await decide_claim(found, staff["id"], same_person=same_person, may_merge=True)
        except (PhoneClaimDecided, PhoneClaimStale) as refused:
            return refused.code
        return "decided"

    told = await gather(*(decide(nth % 3 != 0) for nth in range(8)))
    assert sorted(told) == ["PHONE_CLAIM_DECIDED"] * 7 + ["decided"]
    assert (await claims(shop))[0][3] in ("same", "other")


async def test_a_claim_is_decided_once(shop: Shop) -> None:
    await with_phone(shop, "o-1")
    await bound(shop, await visitor(shop, "o-2"))
    found = await claim_id(shop)
    await _decide(shop, same_person=False)
    async with unit_of_work(shop.tenant_id):
        staff = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1")
        assert staff is not None
        with pytest.raises(PhoneClaimDecided):
            await decide_claim(found, staff["id"], same_person=True, may_merge=True)
        with pytest.raises(PhoneClaimUnknown):
            await decide_claim(staff["id"], staff["id"], same_person=True, may_merge=True)


async def test_a_phone_that_is_a_third_ones_by_now_is_not_given_away(shop: Shop) -> None:
    holder = await with_phone(shop, "o-1")
    await bound(shop, await visitor(shop, "o-2"))
    await bound(shop, holder, OTHER)
    await shop.member(PHONE)
    with pytest.raises(PhoneClaimStale):
        await _decide(shop, same_person=False)
    assert (await claims(shop))[0][3] == "waiting"


async def test_a_phone_that_comes_free_settles_the_claim(shop: Shop) -> None:
    holder = await with_phone(shop, "o-1")
    came = await visitor(shop, "o-2")
    await bound(shop, came)
    await bound(shop, holder, OTHER)
    assert not (await bound(shop, came)).waits
    assert await claims(shop) == [(came, holder, "in_use", "settled")]


async def test_who_has_become_somebody_else_binds_nothing(shop: Shop) -> None:
    came, member_id = await visitor(shop), await shop.member(OTHER)
    async with unit_of_work(shop.tenant_id):
        await absorb_visitor(came, member_id)
    with pytest.raises(MemberUnknown):
        async with unit_of_work(shop.tenant_id):
            await bind_phone(came, verified())
    assert not await shop.knows(PHONE)


async def test_only_visitors_are_absorbed_and_never_into_a_chain(shop: Shop) -> None:
    one, other = await visitor(shop, "o-1"), await visitor(shop, "o-2")
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        await absorb_visitor(one, other)
        await absorb_visitor(other, member_id)
    assert await state_of(shop, one) == ("merged", member_id, None)
    for wrong in ((member_id, one), (one, member_id), (member_id, member_id)):
        with pytest.raises(MemberUnknown):
            async with unit_of_work(shop.tenant_id):
                await absorb_visitor(*wrong)

"""Requests by right: what is asked, its days of grace, its term, what staff answer."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from tests.support.accounts import grant_for, race
from tests.support.exports import as_staff, staff_id_of
from tests.support.shop import Shop

from shuke_core.audit.queries import Search, acts_before, opened_entries
from shuke_core.kit import clock
from shuke_core.kit.faults import DatabaseAway
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.merging.services import merge_members
from shuke_core.personal_data import services
from shuke_core.personal_data.erasure import erase
from shuke_core.personal_data.errors import (
    ErasureNotConfirmed,
    ErasureReasonMissing,
    MemberMerged,
    RightsRequestInvalid,
    RightsRequestsTooMany,
    RightsRequestUnknown,
)
from shuke_core.personal_data.jobs import tell_of_overdue
from shuke_core.personal_data.rules import GRACE, ErasureGround
from shuke_core.personal_data.services import (
    MOST_A_DAY,
    answer_request,
    ask_correction,
    ask_erasure,
    cancel_erasure,
    erase_member,
    erase_next,
    hand_over_data,
    take_my_data,
)
from shuke_core.stepup.errors import StepUpRequired

PHONE = "13800138000"
IN_PERSON = ErasureGround.ASKED_IN_PERSON
SHANGHAI = ZoneInfo("Asia/Shanghai")


async def _requests(shop: Shop) -> list[tuple[str, str]]:
    rows = await shop.rows(
        "SELECT kind, state FROM rights_request WHERE tenant_id = $1 ORDER BY asked_at, id"
    )
    return [(row["kind"], row["state"]) for row in rows]


async def _members(shop: Shop) -> list[str]:
    rows = await shop.rows("SELECT state FROM member WHERE tenant_id = $1 ORDER BY state")
    return [row["state"] for row in rows]


async def test_an_erasure_waits_for_its_grace_and_is_then_done_at_night(shop: Shop) -> None:
    first, second = await shop.member(PHONE), await shop.member("13700137000")
    async with unit_of_work(shop.tenant_id):
        for text in ("", "是的"):
            with pytest.raises(ErasureNotConfirmed):
                await ask_erasure(first, text)
        asked = await ask_erasure(first, "注销")
        assert await ask_erasure(first, "ERASE") == asked
        await ask_erasure(second, "注销")
        assert not await erase_next()
    assert await _members(shop) == ["active", "active"]
    with clock.held_at(clock.now() + GRACE):
        async with unit_of_work(shop.tenant_id):
            assert await erase_next()  # another waits
        async with unit_of_work(shop.tenant_id):
            assert not await erase_next()
    assert await _members(shop) == ["erased", "erased"]
    assert await _requests(shop) == [("erasure", "done")] * 2


async def _three_due(shop: Shop) -> list[UUID]:
    """Three members whose erasure is due, in this order."""
    members = [await shop.member(f"1380013800{nth}") for nth in range(3)]
    for nth, member_id in enumerate(members):
        with clock.held_at(clock.now() + timedelta(seconds=nth)):
            async with unit_of_work(shop.tenant_id):
                await ask_erasure(member_id, "注销")
    return members


async def _night(shop: Shop) -> None:
    """What the schedule does of a night."""
    more = True
    while more:
        async with unit_of_work(shop.tenant_id):
            more = await erase_next()


async def test_an_erasure_that_fails_is_put_off_and_told_of_and_the_others_are_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = await _three_due(shop)

    async def fails(member_id: UUID, reason: str) -> None:
        await erase(member_id, reason)  # to its end: none of it may stay
        if member_id == members[0]:
            raise RuntimeError("a plugin's table holds on")

    monkeypatch.setattr(services, "erase", fails)
    tonight = clock.now() + GRACE + timedelta(hours=1)
    with clock.held_at(tonight):
        await _night(shop)
    assert await _members(shop) == ["active", "erased", "erased"]
    request = (
        "SELECT state, attempts, acts_at FROM rights_request WHERE tenant_id = $1 "
        "AND member_id = $2"
    )
    (waiting,) = await shop.rows(request, members[0])
    assert (waiting["state"], waiting["attempts"]) == ("open", 1)
    assert tonight < waiting["acts_at"] < tonight + timedelta(days=1)
    alerts = (
        "SELECT kind, severity, role, times, resolved_at IS NULL AS stands FROM alert "
        "WHERE tenant_id = $1"
    )
    told = {"kind": "personal_data.erasure_failed", "severity": "critical", "role": "admin"}
    assert await shop.rows(alerts) == [{**told, "times": 1, "stands": True}]
    events = await shop.rows(
        "SELECT entity FROM event WHERE tenant_id = $1 AND type = 'member.erased' ORDER BY seq"
    )
    assert [row["entity"] for row in events] == [f"member:{each}" for each in members[1:]]

    with clock.held_at(tonight + timedelta(days=1)):
        await _night(shop)
    assert await shop.rows(alerts) == [{**told, "times": 2, "stands": True}]

    monkeypatch.setattr(services, "erase", erase)
    with clock.held_at(tonight + timedelta(days=2)):
        await _night(shop)
    assert await _members(shop) == ["erased"] * 3
    assert await shop.rows(alerts) == [{**told, "times": 2, "stands": False}]


async def test_a_database_that_is_away_puts_no_erasure_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _three_due(shop)

    async def away(member_id: UUID, reason: str) -> None:
        raise DatabaseAway()

    monkeypatch.setattr(services, "erase", away)
    with clock.held_at(clock.now() + GRACE + timedelta(hours=1)), pytest.raises(DatabaseAway):
        await _night(shop)
    attempts = await shop.rows("SELECT DISTINCT attempts FROM rights_request WHERE tenant_id = $1")
    assert attempts == [{"attempts": 0}]
    assert await shop.rows("SELECT id FROM alert WHERE tenant_id = $1") == []


async def test_who_changes_their_mind_stays(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        await ask_erasure(member_id, "注销")
        await cancel_erasure(member_id)
        with pytest.raises(RightsRequestUnknown):
            await cancel_erasure(member_id)
    with clock.held_at(clock.now() + 2 * GRACE):
        async with unit_of_work(shop.tenant_id):
            assert not await erase_next()
    assert await _members(shop) == ["active"]
    assert await _requests(shop) == [("erasure", "withdrawn")]


async def test_asked_for_at_once_there_is_one_request(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    asked = await race(shop, 8, lambda _: ask_erasure(member_id, "注销"))
    assert len(set(asked)) == 1
    assert await _requests(shop) == [("erasure", "open")]


async def test_a_correction_is_answered_and_the_answer_is_sealed(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(RightsRequestInvalid):
            await ask_correction(member_id, "  ")
        request_id = await ask_correction(member_id, "生日写错了")
        with pytest.raises(RightsRequestInvalid):
            await answer_request(request_id, "", refused=False)
        await answer_request(request_id, "已改正", refused=False)
        with pytest.raises(RightsRequestUnknown):
            await answer_request(request_id, "再来", refused=True)
        erasure = await ask_erasure(member_id, "注销")
        for other in (erasure, new_id()):
            with pytest.raises(RightsRequestUnknown):
                await answer_request(other, "不", refused=True)
    (row,) = await shop.rows(
        "SELECT t::text AS said FROM rights_request t WHERE tenant_id = $1 AND kind = 'correction'"
    )
    for word in ("生日写错了", "已改正"):
        assert word not in row["said"]
        assert word.encode().hex() not in row["said"]


async def test_each_access_leaves_a_trail_and_there_are_bounds(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        for _ in range(MOST_A_DAY):
            assert (await take_my_data(member_id))["profile"]["maskedPhone"] == "138****8000"
        with pytest.raises(RightsRequestsTooMany):
            await take_my_data(member_id)
    assert await _requests(shop) == [("access", "done")] * MOST_A_DAY
    with clock.held_at(clock.now() + timedelta(days=1, seconds=1)):
        async with unit_of_work(shop.tenant_id):
            await take_my_data(member_id)


async def test_past_its_day_a_request_is_an_alert_until_it_is_answered(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    asked = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI)  # due on 14 December
    with clock.held_at(asked):
        async with unit_of_work(shop.tenant_id):
            request_id = await ask_correction(member_id, "生日写错了")
    alerts = (
        "SELECT kind, severity, role, resolved_at IS NULL AS stands FROM alert WHERE tenant_id = $1"
    )
    last_day = datetime(2026, 12, 15, tzinfo=SHANGHAI)
    with clock.held_at(last_day - timedelta(seconds=1)):
        async with unit_of_work(shop.tenant_id):
            await tell_of_overdue()
        assert await shop.rows(alerts) == []
    with clock.held_at(last_day):
        for _ in range(2):
            async with unit_of_work(shop.tenant_id):
                await tell_of_overdue()
        told = {"kind": "personal_data.overdue", "severity": "critical", "role": "admin"}
        assert await shop.rows(alerts) == [{**told, "stands": True}]
        async with unit_of_work(shop.tenant_id):
            await answer_request(request_id, "已改正", refused=False)
        assert await shop.rows(alerts) == [{**told, "stands": False}]


async def _by_staff(shop: Shop, member_id: UUID) -> None:
    async with unit_of_work(shop.tenant_id):
        me = await staff_id_of("admin")
        as_staff(me)
        grant = await grant_for(me, "members.erase", {"member": member_id, "ground": IN_PERSON})
        await erase_member(grant, member_id, IN_PERSON)


async def test_staff_erase_at_once_with_a_step_up_and_a_ground(shop: Shop) -> None:
    await shop.staff_login()
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        await ask_correction(member_id, "生日写错了")
        as_staff(await staff_id_of("admin"))
        with pytest.raises(StepUpRequired):
            await erase_member(None, member_id, IN_PERSON)
    await _by_staff(shop, member_id)
    assert await _members(shop) == ["erased"]
    assert await _requests(shop) == [("correction", "withdrawn"), ("erasure", "done")]
    erased = "SELECT reason FROM audit_entry WHERE tenant_id = $1 AND act = 'member.erased'"
    assert await shop.rows(erased) == [{"reason": "asked_in_person"}]
    with pytest.raises(MemberUnknown):
        await _by_staff(shop, member_id)


async def test_the_rights_of_who_was_merged_are_those_of_who_they_are_now(shop: Shop) -> None:
    await shop.staff_login()
    kept, gone = await shop.member(PHONE), await shop.member("13700137000")
    async with unit_of_work(shop.tenant_id):
        await merge_members(kept, gone)
    async with unit_of_work(shop.tenant_id):
        document = await take_my_data(gone)
        assert document["profile"] == (await take_my_data(kept))["profile"]
        await ask_correction(gone, "生日写错了")
        assert await ask_erasure(gone, "注销") == await ask_erasure(kept, "注销")
        as_staff(await staff_id_of("admin"))
        meant = {"member": gone, "reason": "本人来取"}
        grant = await grant_for(await staff_id_of("admin"), "members.hand_over_data", meant)
        assert (await hand_over_data(grant, gone, "本人来取"))["profile"] == document["profile"]
    with pytest.raises(MemberMerged):  # with them all that the other holds would go
        await _by_staff(shop, gone)
    assert await _members(shop) == ["active", "merged"]
    await _by_staff(shop, kept)
    assert set(await _members(shop)) == {"erased"}


async def test_data_are_handed_over_for_a_reason_that_goes_with_the_member(shop: Shop) -> None:
    await shop.staff_login()
    member_id = await shop.member(PHONE)

    async def hand_over(reason: str) -> None:
        async with unit_of_work(shop.tenant_id):
            me = await staff_id_of("admin")
            as_staff(me)
            meant = {"member": member_id, "reason": reason}
            await hand_over_data(
                await grant_for(me, "members.hand_over_data", meant), member_id, reason
            )

    async def told() -> str:
        async with unit_of_work(shop.tenant_id):
            rows = await acts_before(Search(act="member.data_handed_over"), None, 9)
            (entry,) = (await opened_entries(rows)).values()
        return entry.reason

    for reason in ("", " "):
        with pytest.raises(ErasureReasonMissing):
            await hand_over(reason)
    await hand_over("欧阳锋本人来取")
    assert await told() == "欧阳锋本人来取"
    await _by_staff(shop, member_id)
    assert await told() == ""

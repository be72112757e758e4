"""Member codes: what they say, how long they hold, and that nothing else is taken for one."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.codes import new_member_code, redeem_member_code
from shuke_core.members.errors import MemberCodeExpired, MemberCodeInvalid, MemberCodeUsed

PHONE = "13800138000"
NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


async def _code(shop: Shop, member: UUID) -> str:
    async with unit_of_work(shop.tenant_id):
        return (await new_member_code(member)).text


async def _redeem(shop: Shop, text: str) -> UUID:
    async with unit_of_work(shop.tenant_id):
        return await redeem_member_code(text)


async def test_a_code_tells_its_member_once(shop: Shop) -> None:
    member = await shop.member(PHONE)
    first, second = await _code(shop, member), await _code(shop, member)
    assert first != second
    assert (len(first), first[:4]) == (60, "SKM.")
    assert await _redeem(shop, f" {first}\n") == member
    with pytest.raises(MemberCodeUsed):
        await _redeem(shop, first)
    assert await _redeem(shop, second) == member
    rows = await shop.rows(
        "SELECT subject, member_id FROM audit_entry WHERE tenant_id = $1 "
        "AND act = 'member.code_redeemed'"
    )
    assert rows == [{"subject": f"member:{member}", "member_id": member}] * 2


async def test_other_letters_for_the_same_code_are_the_same_code(shop: Shop) -> None:
    member = await shop.member(PHONE)
    code = ""
    while "-" not in code and "_" not in code:
        code = await _code(shop, member)
    assert await _redeem(shop, code) == member
    with pytest.raises(MemberCodeUsed):
        await _redeem(shop, code.replace("-", "+").replace("_", "/"))


async def test_it_holds_for_a_minute(shop: Shop) -> None:
    member = await shop.member(PHONE)
    with clock.held_at(NOON):
        code, late = await _code(shop, member), await _code(shop, member)
    with clock.held_at(NOON + timedelta(seconds=59)):
        assert await _redeem(shop, code) == member
    with clock.held_at(NOON + timedelta(seconds=60)), pytest.raises(MemberCodeExpired):
        await _redeem(shop, late)


async def test_nothing_else_is_taken_for_a_code(shop: Shop, other_shop: Shop) -> None:
    member = await shop.member(PHONE)
    code = await _code(shop, member)
    data = bytearray(base64.urlsafe_b64decode(code[4:]))
    bent = []
    for place in (0, 15, 16, 19, 20, 27, 28, 41):  # each part of it
        other = bytearray(data)
        other[place] ^= 1
        bent.append("SKM." + base64.urlsafe_b64encode(other).decode())
    wrong = ["", "SKM.", code[4:], code + "A", code[:-1], "skm." + code[4:], "SKM." + "é" * 56]
    for text in [*bent, *wrong, await _code(other_shop, await other_shop.member(PHONE))]:
        with pytest.raises(MemberCodeInvalid):
            await _redeem(shop, text)
    assert await shop.rows("SELECT id FROM member_code_use WHERE tenant_id = $1") == []
    assert await _redeem(shop, code) == member


async def test_who_has_gone_has_no_code_and_who_was_merged_is_who_they_are_now(shop: Shop) -> None:
    member, into = await shop.member(PHONE), await shop.member("13900139000")
    code, gone = await _code(shop, member), await _code(shop, into)
    await shop.rows(
        "UPDATE member SET state = 'merged', merged_into_id = $3 WHERE tenant_id = $1 AND id = $2 "
        "RETURNING id",
        *(member, into),
    )
    assert await _redeem(shop, code) == into
    await shop.rows(
        "UPDATE member SET state = 'erased' WHERE tenant_id = $1 AND id = $2 RETURNING id", into
    )
    with pytest.raises(MemberCodeInvalid):
        await _redeem(shop, gone)


async def test_uses_are_forgotten_after_an_hour(shop: Shop) -> None:
    member = await shop.member(PHONE)
    for start, left in (
        (NOON, 1),
        (NOON + timedelta(minutes=59), 2),
        (NOON + timedelta(hours=2), 1),
    ):
        with clock.held_at(start):
            await _redeem(shop, await _code(shop, member))
        rows = await shop.rows("SELECT id FROM member_code_use WHERE tenant_id = $1")
        assert len(rows) == left

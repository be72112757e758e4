"""Many tills redeem one code at once; beside it a wrong way, which the same race finds."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import UUID

import pytest
from tests.support.accounts import race
from tests.support.shop import Shop

from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members import codes
from shuke_core.members.codes import new_member_code, redeem_member_code
from shuke_core.members.errors import MemberCodeUsed

TILLS = 10
NoteUse = Callable[[bytes], Awaitable[bool]]
_right = codes.note_use


async def note_looking_first(said: bytes) -> bool:
    """Wrong: looks whether the code was used, and notes the use after."""
    used = await fetch(
        "SELECT id FROM member_code_use WHERE tenant_id = $1 AND digest = $2", sha256(said).digest()
    )
    await asyncio.sleep(0.02)
    await _right(said)
    return not used


async def _winners(shop: Shop, member: UUID) -> int:
    async with unit_of_work(shop.tenant_id):
        code = (await new_member_code(member)).text

    async def one(_: int) -> bool:
        try:
            return await redeem_member_code(code) == member
        except MemberCodeUsed:
            return False

    return sum(await race(shop, TILLS, one))


async def test_one_of_many_tills_is_told(shop: Shop, soak: bool) -> None:
    member = await shop.member("13800138000")
    rounds = 50 if soak else 5
    assert [await _winners(shop, member) for _ in range(rounds)] == [1] * rounds
    rows = await shop.rows(
        "SELECT id FROM audit_entry WHERE tenant_id = $1 AND act = 'member.code_redeemed'"
    )
    assert len(rows) == rounds


async def test_the_race_finds_codes_that_are_looked_at_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "note_use", note_looking_first)
    member = await shop.member("13800138000")
    assert max([await _winners(shop, member) for _ in range(3)]) > 1

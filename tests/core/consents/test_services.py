"""Consent: the last word holds, a new text asks again, children and guardians, words said at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from tests.support.shop import Shop

from shuke_core.consents import services
from shuke_core.consents.errors import (
    ConsentNeedsGuardian,
    ConsentSceneInvalid,
    ConsentTextOutdated,
    ConsentUnderAge,
    PrivacyTextInvalid,
)
from shuke_core.consents.queries import consents_of, may_have_traits, may_market, needs_consent
from shuke_core.consents.rules import Purpose, Standing
from shuke_core.consents.services import give_consent, publish_text, withdraw_consent
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, in_unit_of_work, unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.texts import SealedText, open_texts

PHONE = "13800138000"
SHANGHAI = ZoneInfo("Asia/Shanghai")
P, M = Purpose.PRIVACY, Purpose.MARKETING


async def _published(shop: Shop, *purposes: Purpose) -> None:
    async with unit_of_work(shop.tenant_id):
        for purpose in purposes:
            await publish_text(purpose, "文本", "Text")


async def _born(shop: Shop, member_id: UUID, birthday: date | None) -> None:
    await shop.rows(
        "UPDATE member SET birthday = $3 WHERE tenant_id = $1 AND id = $2 RETURNING id",
        *(member_id, birthday),
    )


async def _standing(member_id: UUID) -> dict[Purpose, Standing]:
    return {card.purpose: card.standing for card in await consents_of(member_id)}


async def test_given_withdrawn_given_again_and_each_word_is_kept(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, P, M)
    async with unit_of_work(shop.tenant_id):
        assert await needs_consent(member_id) == [P, M]
        for act in (give_consent(member_id, P, 1, "pages/login"), give_consent(member_id, M, 1)):
            await act
        await give_consent(member_id, M, 1)  # repeated: no second row
        assert await may_market([member_id]) == {member_id}
        await withdraw_consent(member_id, M)
        await withdraw_consent(member_id, M)
        assert await may_market([member_id]) == set()
        assert await _standing(member_id) == {P: Standing.GIVEN, M: Standing.WITHDRAWN}
        await give_consent(member_id, M, 1)
    rows = await shop.rows(
        "SELECT purpose, state, given_by, scene FROM consent WHERE tenant_id = $1 "
        "ORDER BY recorded_at, id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("privacy", "given", "member", "pages/login"),
        ("marketing", "given", "member", ""),
        ("marketing", "withdrawn", "member", ""),
        ("marketing", "given", "member", ""),
    ]


async def test_a_new_text_asks_everybody_again(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, M)
    async with unit_of_work(shop.tenant_id):
        await give_consent(member_id, M, 1)
        assert await publish_text(M, "新", "New") == 2
        assert await needs_consent(member_id) == [M]
        assert await may_market([member_id]) == set()
        with pytest.raises(ConsentTextOutdated):
            await give_consent(member_id, M, 1)
        await give_consent(member_id, M, 2)
        assert await may_market([member_id]) == {member_id}
        (card,) = await consents_of(member_id)
        assert (card.version, card.zh, card.en) == (2, "新", "New")


async def test_without_a_text_there_is_nothing_to_consent_to(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        assert await consents_of(member_id) == []
        with pytest.raises(ConsentTextOutdated):
            await give_consent(member_id, P, 1)
        for text in ("", "  ", "x" * 20_001):
            with pytest.raises(PrivacyTextInvalid):
                await publish_text(P, "文本", text)
        with pytest.raises(MemberUnknown):
            await withdraw_consent(new_id(), P)


async def test_under_fourteen_by_the_day_in_the_tenants_zone(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, P, M)
    await _born(shop, member_id, date(2012, 11, 24))
    last_moment = datetime(2026, 11, 25, tzinfo=SHANGHAI) - timedelta(seconds=1)
    with clock.held_at(last_moment):
        async with unit_of_work(shop.tenant_id):
            assert await _standing(member_id) == {P: Standing.ASKED, M: Standing.BARRED}
            assert await may_have_traits([member_id]) == set()
            with pytest.raises(ConsentUnderAge):
                await give_consent(member_id, M, 1, guardian="王大明")
            for nobody in (None, "", "  "):
                with pytest.raises(ConsentNeedsGuardian):
                    await give_consent(member_id, P, 1, guardian=nobody)
            await give_consent(member_id, P, 1, guardian="王大明")
            assert await _standing(member_id) == {P: Standing.GIVEN, M: Standing.BARRED}
    with clock.held_at(last_moment + timedelta(seconds=1)):
        async with unit_of_work(shop.tenant_id):
            assert await _standing(member_id) == {P: Standing.GIVEN, M: Standing.ASKED}
            assert await may_have_traits([member_id]) == {member_id}
            await give_consent(member_id, M, 1)
            assert await may_market([member_id]) == {member_id}
    with clock.held_at(last_moment):  # whoever consented by a slip of the clock is a child again
        async with unit_of_work(shop.tenant_id):
            assert await may_market([member_id]) == set()


async def test_who_turns_out_to_be_a_child_is_asked_for_a_guardian(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, P)
    async with unit_of_work(shop.tenant_id):
        await give_consent(member_id, P, 1)
    await _born(shop, member_id, clock.now().date() - timedelta(days=3650))
    async with unit_of_work(shop.tenant_id):
        assert await needs_consent(member_id) == [P]
        await give_consent(member_id, P, 1, guardian="王大明")
        assert await needs_consent(member_id) == []


async def test_who_takes_their_birthday_out_is_a_child_still(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, P, M)
    await _born(shop, member_id, clock.now().date() - timedelta(days=3650))
    async with unit_of_work(shop.tenant_id):
        await give_consent(member_id, P, 1, guardian="王大明")
    await _born(shop, member_id, None)
    async with unit_of_work(shop.tenant_id):
        assert await _standing(member_id) == {P: Standing.GIVEN, M: Standing.BARRED}
        assert await may_have_traits([member_id]) == set()
        with pytest.raises(ConsentUnderAge):
            await give_consent(member_id, M, 1)
        with pytest.raises(ConsentNeedsGuardian):
            await give_consent(member_id, P, 1)
    await _born(shop, member_id, date(1990, 1, 1))  # it was a slip
    async with unit_of_work(shop.tenant_id):
        assert await _standing(member_id) == {P: Standing.GIVEN, M: Standing.ASKED}
        assert await may_have_traits([member_id]) == {member_id}


async def test_the_guardians_name_is_sealed_under_the_childs_key(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, P)
    async with unit_of_work(shop.tenant_id):
        await give_consent(member_id, P, 1, guardian="王大明")
        (row,) = await fetch(
            "SELECT id, guardian, t::text AS all FROM consent t WHERE tenant_id = $1"
        )
        assert "王大明" not in row["all"]
        assert "王大明".encode().hex() not in row["all"]
        text = SealedText("consent", row["id"], "guardian", member_id, row["guardian"])
        assert await open_texts([text]) == ["王大明"]


async def test_a_scene_that_somebody_typed_is_refused(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, P)
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(ConsentSceneInvalid):
            await give_consent(member_id, P, 1, "我的电话 13800138000")


async def test_what_was_said_and_published_never_changes(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, P)
    async with unit_of_work(shop.tenant_id):
        await give_consent(member_id, P, 1)
    for change in (
        "UPDATE consent SET state = 'withdrawn' WHERE tenant_id = $1 RETURNING id",
        "DELETE FROM consent WHERE tenant_id = $1 RETURNING id",
        "UPDATE privacy_text SET zh = 'x' WHERE tenant_id = $1 RETURNING id",
        "DELETE FROM privacy_text WHERE tenant_id = $1 RETURNING id",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await shop.rows(change)


async def test_whom_the_tenant_may_write_to_is_one_statement(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await shop.member(f"1380013{n:04}") for n in range(6)]
    await _published(shop, M)
    async with unit_of_work(shop.tenant_id):
        for member_id in people[:4]:
            await give_consent(member_id, M, 1)
        await withdraw_consent(people[0], M)
    await _born(shop, people[1], clock.now().date())
    await _born(shop, people[2], date(1990, 1, 1))
    said: list[str] = []
    inner = UnitConnection.fetch

    async def counting(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        said.append(sql)
        return await inner(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "fetch", counting)
    async with unit_of_work(shop.tenant_id):
        assert await may_market([*people, new_id()]) == {people[2], people[3]}
    assert len([sql for sql in said if "consent" in sql]) == 1


async def _at_once(shop: Shop, member_id: UUID) -> None:
    """Eight connections say yes and no; clocks of their machines differ by seconds."""

    def word(nth: int) -> Callable[[], Awaitable[None]]:
        async def said() -> None:
            await (withdraw_consent(member_id, M) if nth % 2 else give_consent(member_id, M, 1))

        return said

    for _ in range(6):
        await asyncio.gather(*(in_unit_of_work(shop.tenant_id, word(nth)) for nth in range(8)))


async def _words(shop: Shop) -> list[str]:
    """In the order in which they hold, which must be that in which they were said."""
    rows = await shop.rows(
        "SELECT state FROM consent WHERE tenant_id = $1 ORDER BY recorded_at, id"
    )
    return [row["state"] for row in rows]


def _alternate(words: list[str]) -> bool:
    """Each word changed something: none was recorded without the one before it being seen."""
    return words == ["given", "withdrawn"] * (len(words) // 2) + ["given"] * (len(words) % 2)


async def test_words_said_at_once_are_recorded_one_after_the_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, M)
    monkeypatch.setattr(clock, "_read", _clocks_that_differ())
    await _at_once(shop, member_id)
    words = await _words(shop)
    assert len(words) > 1
    assert _alternate(words)
    async with unit_of_work(shop.tenant_id):
        assert (await may_market([member_id]) == {member_id}) is (words[-1] == "given")


async def test_without_the_lock_a_word_is_lost(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    member_id = await shop.member(PHONE)
    await _published(shop, M)

    async def unlocked(member_id: UUID, _: str) -> UUID:
        await asyncio.sleep(0.01)
        return member_id

    monkeypatch.setattr(services, "lock_member", unlocked)
    monkeypatch.setattr(clock, "_read", _clocks_that_differ())
    await _at_once(shop, member_id)
    assert not _alternate(await _words(shop))


def _clocks_that_differ() -> Callable[[], datetime]:
    """Every other reading is three seconds behind."""
    inner, turn = clock._read, [0]

    def read() -> datetime:
        turn[0] += 1
        return inner() - timedelta(seconds=3 * (turn[0] % 2))

    return read

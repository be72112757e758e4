"""One person, one member; nothing personal in the clear; tokens that end."""

import re
from datetime import timedelta

import pytest
from tests.support.shop import Shop

from shuke_core.access.errors import TokenInvalid
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.rules import is_card_no, luhn_digit, new_card_no
from shuke_core.members.services import (
    TOKEN_LIFE,
    Identity,
    identify_members,
    issue_token,
    member_of_token,
)

PHONE = "13800138000"


@pytest.mark.parametrize(
    "written", ["138 0013 8000", "+86 138-0013-8000", "１３８００１３８０００"]
)
async def test_every_way_to_write_a_phone_finds_the_same_member(shop: Shop, written: str) -> None:
    assert await shop.member(written) == await shop.member(PHONE)


async def test_the_same_card_number_of_two_issuers_is_two_people(shop: Shop) -> None:
    mine, yours = Identity.of_card("till", "0001"), Identity.of_card("shop", "0001")
    async with unit_of_work(shop.tenant_id):
        found = await identify_members([mine, yours])
    assert found[mine] != found[yours]


async def test_the_same_phone_at_two_tenants_is_two_members_with_other_digests(
    shop: Shop, other_shop: Shop
) -> None:
    await shop.member(PHONE)
    await other_shop.member(PHONE)
    digests = [
        (await s.rows("SELECT digest FROM member_identity WHERE tenant_id = $1"))[0]["digest"]
        for s in (shop, other_shop)
    ]
    assert digests[0] != digests[1]


async def test_the_phone_stands_nowhere_in_the_clear(shop: Shop) -> None:
    await shop.sold(shop.ticket(phone=PHONE))
    tables = ("member", "member_identity", "member_key", "orders", "event", "inbox")
    for table in tables:
        rows = await shop.rows(f"SELECT t::text AS text FROM {table} t WHERE tenant_id = $1")
        assert rows
        said = " ".join(row["text"] for row in rows)
        assert PHONE not in said
        assert PHONE.encode().hex() not in said
    rows = await shop.rows("SELECT phone_masked FROM member WHERE tenant_id = $1")
    assert rows == [{"phone_masked": "138****8000"}]


async def test_a_token_says_whose_it_is_until_it_ends(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        token = await issue_token(member_id)
        assert await member_of_token(token) == member_id
    with clock.held_at(clock.now() + TOKEN_LIFE + timedelta(seconds=1)):
        async with unit_of_work(shop.tenant_id):
            with pytest.raises(TokenInvalid):
                await member_of_token(token)


async def test_only_the_hash_of_a_token_is_kept(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        token = await issue_token(member_id)
    rows = await shop.rows("SELECT t::text AS text FROM member_token t WHERE tenant_id = $1")
    assert token not in rows[0]["text"]
    assert token.encode().hex() not in rows[0]["text"]


async def test_a_revoked_or_made_up_token_is_refused(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        token = await issue_token(member_id)
    await shop.rows("UPDATE member_token SET revoked_at = now() WHERE tenant_id = $1 RETURNING id")
    async with unit_of_work(shop.tenant_id):
        for made_up in (token, token + "x", "", "🙂"):
            with pytest.raises(TokenInvalid):
                await member_of_token(made_up)


async def test_nobody_gets_a_token_for_an_unknown_member(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(MemberUnknown):
            await issue_token(new_id())


def test_card_numbers_carry_a_check_digit() -> None:
    # the example of ISO/IEC 7812-1 annex B
    assert luhn_digit("7992739871") == "3"
    for _ in range(50):
        number = new_card_no()
        assert re.fullmatch(r"[1-9]\d{15}", number)
        assert is_card_no(number)
        last = str((int(number[-1]) + 1) % 10)
        assert not is_card_no(number[:-1] + last)

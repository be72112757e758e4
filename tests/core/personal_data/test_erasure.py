"""Erasure: nothing personal stays in any table, sums stay, and no import brings anybody back."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from tests.core.personal_data.people import everybody, rows_of, said_of
from tests.core.wechat.people import bound, visitor
from tests.support.catalogue import APPEND_ONLY, NEVER_DELETED
from tests.support.full_tenants import FullTenant, full_tenant
from tests.support.shop import Shop

from shuke_core.access.errors import TokenInvalid
from shuke_core.consents.rules import Purpose
from shuke_core.consents.services import give_consent
from shuke_core.events import reactions
from shuke_core.events.reactions import Event, Reaction
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.doubles import DoubleReason, note_double
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.holdings import OnErase, declared_holdings
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import (
    Identity,
    find_members,
    issue_token,
    link_identities,
    member_of_token,
)
from shuke_core.members.texts import seal_text
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.personal_data.erasure import erase
from shuke_core.runtime import Runtime

PHONE = "13800138000"
NICKNAME, GUARDIAN = "小熊猫阿福", "监护人欧阳"


async def _totals(shop: Shop) -> list[dict[str, object]]:
    return await shop.rows(
        "SELECT (SELECT count(*) FROM orders WHERE tenant_id = $1) AS orders, "
        "(SELECT sum(total_fen) FROM orders WHERE tenant_id = $1)::int8 AS total, "
        "(SELECT sum(refunded_fen) FROM orders WHERE tenant_id = $1)::int8 AS refunded, "
        "(SELECT sum(available) FROM ledger_account WHERE tenant_id = $1)::int8 AS points, "
        "(SELECT count(*) FROM ledger_entry WHERE tenant_id = $1) AS entries"
    )


async def _erase(shop: Shop, member_id: UUID) -> None:
    async with unit_of_work(shop.tenant_id):
        await erase(member_id, "asked for")


async def _rich(runtime: Runtime) -> tuple[FullTenant, list[UUID]]:
    """A tenant with a member of whom each declared table holds a row, and somebody who was merged
    into them."""
    tenant = await full_tenant(runtime)
    member_id, shop = tenant.handles.member_id, tenant.shop
    merged = await shop.member("13700137000")
    async with unit_of_work(tenant.tenant_id):
        await fetch(
            "UPDATE member SET nickname = $3, birthday = $4, gender = 'female', region = '310101' "
            "WHERE tenant_id = $1 AND id = $2",
            *(member_id, NICKNAME, clock.now().date()),
        )
        await give_consent(member_id, Purpose.PRIVACY, 2, guardian=GUARDIAN)
        await note_double(merged, member_id, DoubleReason.PHONE)
        await fetch(
            "UPDATE member SET state = 'merged', merged_into_id = $3, name = '旧名字甲' "
            "WHERE tenant_id = $1 AND id = $2",
            *(merged, member_id),
        )
        claim = new_id()
        await fetch(
            "INSERT INTO phone_claim (tenant_id, id, member_id, holder_id, reason, digest, sealed, "
            "phone_masked, state, claimed_at) "
            "VALUES ($1, $2, $3, $4, 'taken', '', $5, '135****5000', 'waiting', $6)",
            *(claim, member_id, new_id()),
            await seal_text("+8613500135000", "phone_claim", claim, "sealed", member_id),
            clock.now(),
        )
    return tenant, await everybody(shop, member_id)


async def test_nothing_of_the_person_stays_and_every_sum_does(runtime: Runtime) -> None:
    tenant, ids = await _rich(runtime)
    shop, handles = tenant.shop, tenant.handles
    words = [handles.phone, "13700137000", handles.name, NICKNAME, GUARDIAN, "旧名字甲"]
    words += [handles.card_no]
    masked = f"{handles.phone[:3]}****{handles.phone[-4:]}"
    before = await _totals(shop)
    held = {
        table: await rows_of(shop, table, holding.member, ids)
        for table, holding in declared_holdings().items()
    }
    assert [table for table, rows in held.items() if not rows] == []
    assert {"member.name", "member.nickname"} <= set(
        await said_of(runtime, tenant.tenant_id, words)
    )

    await _erase(shop, ids[0])

    assert await said_of(runtime, tenant.tenant_id, words) == []
    # Somebody else, whom WeChat says it is theirs, claims the phone: that is told of them.
    assert await said_of(runtime, tenant.tenant_id, [masked]) == ["phone_claim.phone_masked"]
    for table, holding in declared_holdings().items():
        stays = holding.on_erase is OnErase.STAYS
        assert bool(await rows_of(shop, table, holding.member, ids)) is stays, table
    assert await rows_of(shop, "member", "id", ids) == 0
    assert await _totals(shop) == before
    assert (await shop.verified()).differences == 0
    subjects = await shop.rows("SELECT * FROM member WHERE tenant_id = $1 AND state = 'erased'")
    assert len(subjects) == len(ids) >= 2
    told = {column for each in subjects for column, value in each.items() if value is not None}
    assert told == {"id", "tenant_id", "card_no", "state", "joined_at", "version"}
    kept = [each["id"] for each in subjects]
    for table, holding in declared_holdings().items():
        if holding.on_erase is OnErase.KEPT:
            assert await rows_of(shop, table, holding.member, kept) == held[table], table


async def test_a_merge_that_was_undone_goes_with_either_of_the_two(shop: Shop) -> None:
    for erased in (0, 1):
        both = [await shop.member(f"1370013700{erased}"), await shop.member(f"1360013600{erased}")]
        async with unit_of_work(shop.tenant_id):
            await undo_merge(await merge_members(both[0], both[1]))
        assert len(await shop.rows("SELECT id FROM member_merge WHERE tenant_id = $1")) == 1
        await _erase(shop, both[erased])
        assert await shop.rows("SELECT id FROM member_merge WHERE tenant_id = $1") == []
        left = await shop.rows(
            "SELECT state FROM member WHERE tenant_id = $1 AND id = $2", both[1 - erased]
        )
        assert left == [{"state": "active"}]


async def test_what_goes_with_it(runtime: Runtime) -> None:
    tenant, ids = await _rich(runtime)
    member_id, shop, handles = ids[0], tenant.shop, tenant.handles
    await _erase(shop, member_id)
    task = await shop.rows(
        "SELECT state FROM task WHERE tenant_id = $1 AND id = $2", handles.task_id
    )
    assert task == [{"state": "cancelled"}]
    follow_ups = await shop.rows(
        "SELECT DISTINCT state FROM interaction_follow_up WHERE tenant_id = $1"
    )
    assert follow_ups == [{"state": "closed"}]
    export = await shop.rows(
        "SELECT state, file_id FROM export WHERE tenant_id = $1 AND id = $2", handles.export_id
    )
    assert export == [{"state": "revoked", "file_id": None}]
    assert await shop.rows("SELECT id FROM file_chunk WHERE tenant_id = $1") == []
    async with unit_of_work(tenant.tenant_id):
        with pytest.raises(TokenInvalid):
            await member_of_token(handles.token)
        with pytest.raises(MemberUnknown):
            await erase(member_id, "again")
    events = await shop.rows(
        "SELECT type, payload::text AS payload FROM event WHERE tenant_id = $1 AND type IN "
        "('member.erased', 'member.logged_out') ORDER BY seq"
    )
    told = [each["type"] for each in events]
    assert set(told[: -len(ids)]) == {"member.logged_out"}
    assert told[-len(ids) :] == ["member.erased"] * len(ids)
    entries = await shop.rows(
        "SELECT reason FROM audit_entry WHERE tenant_id = $1 AND act = 'member.erased'"
    )
    assert entries == [{"reason": "asked for"}]


async def test_reactions_are_told_by_id(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Event] = []

    async def hear(events: Sequence[Event]) -> None:
        heard.extend(events)

    reaction = Reaction("tests.erased", frozenset({"member.erased"}), hear)
    monkeypatch.setitem(reactions._registered, reaction.name, reaction)
    member_id = await shop.member(PHONE)
    await shop.work()
    await _erase(shop, member_id)
    for _ in range(3):
        await shop.work()
    assert [event.payload for event in heard] == [{"member_id": str(member_id)}]


async def test_whoever_is_merged_or_gone_is_nobody_to_erase(shop: Shop) -> None:
    survivor, merged = await shop.member(PHONE), await shop.member("13700137000")
    await shop.rows(
        "UPDATE member SET state = 'merged', merged_into_id = $3 WHERE tenant_id = $1 AND id = $2 "
        "RETURNING id",
        *(merged, survivor),
    )
    async with unit_of_work(shop.tenant_id):
        for nobody in (merged, new_id()):
            with pytest.raises(MemberUnknown):
                await erase(nobody, "")


def _phone(text: str = PHONE) -> Identity:
    found = normalise_phone(text)
    assert found is not None
    return Identity.of_phone(found)


async def _waiting(shop: Shop) -> list[tuple[str, str]]:
    rows = await shop.rows(
        "SELECT field, code FROM quarantined_ticket WHERE tenant_id = $1 AND state = 'open' "
        "ORDER BY id"
    )
    return [(row["field"], row["code"]) for row in rows]


async def test_a_re_import_waits_and_its_own_sign_up_lets_it_in(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        await link_identities({Identity.of_card("till", "C-1"): member_id})
    await _erase(shop, member_id)
    await shop.sold(
        shop.ticket(phone=PHONE),
        shop.ticket(card="C-1"),
        shop.ticket(phone="13600136000", card="C-1"),
        shop.ticket(phone="13500135000"),
    )
    assert await _waiting(shop) == [
        ("phone", "SUBJECT_ERASED"),
        ("card", "SUBJECT_ERASED"),
        ("phone", "SUBJECT_ERASED"),
    ]
    assert await shop.rows("SELECT count(*) AS n FROM orders WHERE tenant_id = $1") == [{"n": 1}]
    assert not await shop.knows(PHONE)
    # They come back by themselves, with a phone that WeChat has verified.
    visitor_id = await visitor(shop)
    assert (await bound(shop, visitor_id, PHONE)).member_id == visitor_id
    await shop.sold(shop.ticket(phone=PHONE))
    assert await shop.rows("SELECT count(*) AS n FROM orders WHERE tenant_id = $1") == [{"n": 2}]


async def test_an_order_that_was_not_rated_yet_is_kept_and_earns_for_nobody(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    await shop.send(shop.ticket(phone=PHONE))
    await shop.work("inbox")
    await _erase(shop, member_id)
    for _ in range(3):
        await shop.work()
    assert await shop.rows("SELECT count(*) AS n FROM orders WHERE tenant_id = $1") == [{"n": 1}]
    assert await shop.rows("SELECT id FROM ledger_entry WHERE tenant_id = $1") == []
    assert await shop.rows("SELECT id FROM parked_event WHERE tenant_id = $1") == []


async def test_what_is_suppressed_tells_nobody_whose_it_was(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    before = await shop.rows("SELECT digest FROM member_identity WHERE tenant_id = $1")
    await _erase(shop, member_id)
    after = await shop.rows("SELECT digest FROM suppressed_identity WHERE tenant_id = $1")
    assert len(before) == len(after) == 1
    assert before != after


async def test_a_sale_of_somebody_known_is_theirs_whatever_card_they_show(shop: Shop) -> None:
    member_id, other = await shop.member(PHONE), await shop.member("13700137000")
    async with unit_of_work(shop.tenant_id):
        await link_identities({Identity.of_card("till", "C-1"): member_id})
    await _erase(shop, member_id)
    await shop.sold(shop.ticket(phone="13700137000", card="C-1"))
    orders = await shop.rows("SELECT member_id FROM orders WHERE tenant_id = $1")
    assert orders == [{"member_id": other}]


async def test_a_token_of_before_is_nobodys(shop: Shop) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        token = await issue_token(member_id)
    await _erase(shop, member_id)
    async with unit_of_work(shop.tenant_id):
        assert await find_members([_phone()]) == {}
        with pytest.raises(TokenInvalid):
            await member_of_token(token)


def test_what_goes_may_be_deleted() -> None:
    goes = {t for t, h in declared_holdings().items() if h.on_erase is OnErase.GOES}
    assert goes & (APPEND_ONLY | NEVER_DELETED) == set()

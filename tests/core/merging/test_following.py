"""What follows a merged member: who sees them, what is done by their old id, what is told of them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from tests.core.merging.people import GONE, KEPT, earns, merge, profile, set_fields, two, undo
from tests.core.points.counter import act
from tests.core.wechat.people import bound, visitor
from tests.support.shop import Shop

from shuke_core.access.rights import Scope, Within
from shuke_core.access.scopes import narrow_to
from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.audit.queries import Search, acts_before
from shuke_core.blocks.queries import BlockPurpose, blocked_members
from shuke_core.blocks.services import block_member, unblock_member
from shuke_core.consents.rules import Purpose
from shuke_core.consents.services import give_consent, publish_text, withdraw_consent
from shuke_core.interactions.rules import Kind
from shuke_core.interactions.services import NewInteraction, record_interaction
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.identities import bind_identity, id_of_identity, unbind_identity
from shuke_core.members.services import complete_members, rename_member
from shuke_core.members.texts import SealedText, open_texts
from shuke_core.members.timeline import MomentKind, timeline_of
from shuke_core.notes.services import add_note
from shuke_core.profiles.services import update_member
from shuke_core.staff.services import add_staff
from shuke_core.tenants.queries import stores_by_code

ERP = ("erp", "kingdee", "C-10086")


async def _advisors(shop: Shop) -> tuple[UUID, UUID]:
    async with unit_of_work(shop.tenant_id):
        for handle in ("ann", "bob"):
            await add_staff(handle, f"小{handle}", "advisor")
        rows = await fetch("SELECT id FROM staff WHERE tenant_id = $1 ORDER BY handle")
    return rows[0]["id"], rows[1]["id"]


async def _give(shop: Shop, member: UUID, advisor: UUID | None) -> None:
    await act(shop, lambda: assign_members(Chosen(ids=[member]), advisor))


async def _says(shop: Shop, member: UUID, text: str) -> None:
    await act(shop, lambda: record_interaction(NewInteraction(member, Kind.INQUIRY, text)))


async def _read_by(shop: Shop, within: Within) -> list[str | None]:
    """What somebody narrowed reads of what was said, in the order of the saying."""
    async with unit_of_work(shop.tenant_id):
        await narrow_to(within)
        rows = await fetch(
            "SELECT id, member_id, sealed FROM interaction WHERE tenant_id = $1 "
            "ORDER BY recorded_at, id"
        )
        texts = [
            SealedText("interaction", row["id"], "sealed", row["member_id"], row["sealed"])
            for row in rows
        ]
        return [said and said.split('"')[3] for said in await open_texts(texts)]


async def _scopes(shop: Shop, *members: UUID) -> list[tuple[UUID | None, UUID | None]]:
    rows = [await profile(shop, each) for each in members]
    return [(row["advisor_id"], row["store_id"]) for row in rows]


async def test_who_looks_after_a_member_reads_what_they_said_as_a_visitor(shop: Shop) -> None:
    ann, bob = await _advisors(shop)
    came, member = await visitor(shop), await shop.member(KEPT)
    await _says(shop, came, "来时")
    assert (await bound(shop, came, KEPT)).member_id == member
    await _says(shop, member, "后来")
    for advisor, other in ((ann, bob), (bob, ann)):
        await _give(shop, member, advisor)
        assert await _read_by(shop, Within(Scope.OWN, advisor)) == ["来时", "后来"]
        assert await _read_by(shop, Within(Scope.OWN, other)) == []


async def test_who_takes_over_reads_what_came_with_the_merged(shop: Shop) -> None:
    ann, bob = await _advisors(shop)
    kept, gone = await two(shop)
    await _says(shop, gone, "旧号")
    await _give(shop, kept, ann)
    await merge(shop, kept, gone)
    await _give(shop, kept, bob)
    assert await _read_by(shop, Within(Scope.OWN, bob)) == ["旧号"]
    assert await _read_by(shop, Within(Scope.OWN, ann)) == []


async def test_staff_of_the_store_that_a_member_comes_to_belong_to_read_it(shop: Shop) -> None:
    kept, gone = await two(shop)
    await _says(shop, gone, "旧号")
    await merge(shop, kept, gone)
    stores = await act(shop, lambda: stores_by_code(["S1", "S2"]))
    await act(shop, lambda: complete_members({}, {kept: stores["S2"]}))
    staff, _ = await _advisors(shop)
    assert await _read_by(shop, Within(Scope.STORES, staff, (stores["S2"],))) == ["旧号"]
    assert await _read_by(shop, Within(Scope.STORES, staff, (stores["S1"],))) == []


async def test_a_narrowed_colleague_hands_over_a_member_with_their_aliases(shop: Shop) -> None:
    ann, bob = await _advisors(shop)
    kept, gone = await two(shop)
    stores = await act(shop, lambda: stores_by_code(["S1"]))
    await act(shop, lambda: complete_members({}, {kept: stores["S1"]}))
    await merge(shop, kept, gone)
    async with unit_of_work(shop.tenant_id):
        await narrow_to(Within(Scope.STORES, ann, (stores["S1"],)))
        assert await assign_members(Chosen(ids=[kept]), bob) == 1
    assert await _scopes(shop, kept, gone) == [(bob, stores["S1"])] * 2


async def test_aliases_are_in_step_through_chains_and_undos(shop: Shop) -> None:
    ann, bob = await _advisors(shop)
    first, second = await two(shop)
    third = await shop.member("13800138003")
    for member, advisor in ((first, ann), (second, bob)):
        await _give(shop, member, advisor)
    one = await merge(shop, second, first)
    assert await _scopes(shop, first, second) == [(bob, None)] * 2
    two_ = await merge(shop, third, second)  # who had nobody takes Bob over
    assert await _scopes(shop, first, second, third) == [(bob, None)] * 3
    await _give(shop, third, ann)
    assert await _scopes(shop, first, second, third) == [(ann, None)] * 3
    await undo(shop, two_)
    assert await _scopes(shop, first, second, third) == [(bob, None), (bob, None), (ann, None)]
    await _give(shop, second, None)
    assert await _scopes(shop, first, second) == [(None, None)] * 2
    await undo(shop, one)
    assert await _scopes(shop, first, second) == [(ann, None), (None, None)]


async def test_a_member_without_aliases_is_all_that_a_change_touches(shop: Shop) -> None:
    ann, _ = await _advisors(shop)
    kept, gone = await two(shop)
    await _give(shop, kept, ann)
    assert await _scopes(shop, kept, gone) == [(ann, None), (None, None)]


Verb = Callable[[UUID], Awaitable[object]]


async def _version(member: UUID) -> object:
    return await update_member(member, 1, {"name": "王二"})


VERBS: dict[str, tuple[Verb, str]] = {
    "update_member": (_version, "SELECT id FROM member WHERE name = '王二' AND tenant_id = $1"),
    "rename_member": (
        lambda m: rename_member(m, "王二"),
        "SELECT member_id AS id FROM audit_entry WHERE tenant_id = $1 AND act = 'member.renamed'",
    ),
    "block_member": (
        lambda m: block_member(m, BlockPurpose.POINTS, "退货过多", None),
        "SELECT member_id AS id FROM member_block WHERE tenant_id = $1",
    ),
    "add_note": (
        lambda m: add_note(m, "爱喝龙井"),
        "SELECT member_id AS id FROM member_note WHERE tenant_id = $1",
    ),
    "bind_identity": (
        lambda m: bind_identity(m, *ERP),
        "SELECT member_id AS id FROM member_identity WHERE tenant_id = $1 AND kind = 'erp'",
    ),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_by_the_old_id_it_is_done_to_who_they_are_now(verb: str, shop: Shop) -> None:
    kept, gone = await two(shop)
    await merge(shop, kept, gone)
    do, whose = VERBS[verb]
    await act(shop, lambda: do(gone))
    assert await shop.rows(whose) == [{"id": kept}]
    acts = await shop.rows(
        "SELECT DISTINCT member_id FROM audit_entry WHERE tenant_id = $1 AND member_id IS NOT NULL "
        "AND act <> 'member.merged'"
    )
    assert acts == [{"member_id": kept}]


async def test_by_the_old_id_it_is_taken_back_from_who_they_are_now(shop: Shop) -> None:
    kept, gone = await two(shop)
    await merge(shop, kept, gone)
    async with unit_of_work(shop.tenant_id):
        await block_member(kept, BlockPurpose.POINTS, "退货过多", None)
        await unblock_member(gone, BlockPurpose.POINTS)
        assert await blocked_members([kept], BlockPurpose.POINTS) == set()
        await bind_identity(kept, *ERP)
        await unbind_identity(gone, *ERP)
        assert await id_of_identity(*ERP) is None
        version = await publish_text(Purpose.MARKETING, "优惠信息", "Offers")
        await give_consent(gone, Purpose.MARKETING, version)
        await withdraw_consent(gone, Purpose.MARKETING)
    rows = await shop.rows(
        "SELECT member_id, state FROM consent WHERE tenant_id = $1 ORDER BY recorded_at, id"
    )
    assert [(row["member_id"], row["state"]) for row in rows] == [
        (kept, "given"),
        (kept, "withdrawn"),
    ]


async def _told(shop: Shop, member: UUID, kind: MomentKind, first: int = 20) -> list[str | None]:
    """What the timeline tells of a kind, read page by page of `first`."""
    told, before = list[str | None](), None
    while True:
        page = await act(shop, lambda b=before: timeline_of(member, {kind}, b, first))  # type: ignore[misc]
        told += [
            f"{moment.what} {moment.points}" if kind is MomentKind.POINTS else moment.what
            for moment in page
        ]
        if len(page) < first:
            return told
        before = (page[-1].at, page[-1].id)


async def test_the_timeline_of_the_survivor_tells_of_the_absorbed(shop: Shop) -> None:
    kept, gone = await two(shop)
    started = clock.now()
    for minutes, member, points in ((1, gone, 5), (2, kept, 3), (3, gone, 7)):
        with clock.held_at(started + timedelta(minutes=minutes)):
            await earns(shop, member, points)
            await act(shop, lambda m=member, p=points: rename_member(m, f"王{p}"))  # type: ignore[misc]
    with clock.held_at(started + timedelta(minutes=4)):
        merge_id = await merge(shop, kept, gone)
    for first in (1, 2, 20):  # no row is lost or told twice at the turn of a page
        points_ = await _told(shop, kept, MomentKind.POINTS, first)
        assert sorted(points_[:2], key=str) == ["merge_in 12", "merge_out -12"]
        assert points_[2:] == ["earn 7", "earn 3", "earn 5"]
        acts = await _told(shop, kept, MomentKind.STAFF_ACT, first)
        assert acts == ["member.merged", *["member.renamed"] * 3]
    assert (await _told(shop, gone, MomentKind.POINTS)).count("earn 3") == 0
    await undo(shop, merge_id)
    assert [told for told in await _told(shop, kept, MomentKind.POINTS) if "earn" in str(told)] == [
        "earn 3"
    ]


async def test_the_audit_of_the_survivor_is_read_page_by_page(shop: Shop) -> None:
    kept, gone = await two(shop)
    for name, member in (("一", gone), ("二", kept), ("三", gone)):
        await act(shop, lambda m=member, n=name: rename_member(m, f"王{n}"))  # type: ignore[misc]
    await merge(shop, kept, gone)
    whole = await act(shop, lambda: acts_before(Search(member_id=kept), None, 20))
    assert [row.member_id for row in whole] == [kept, gone, kept, gone]
    paged, before = list[UUID](), None
    while page := await act(shop, lambda b=before: acts_before(Search(member_id=kept), b, 1)):  # type: ignore[misc]
        paged.append(page[0].id)
        before = (page[0].recorded_at, page[0].id)
    assert paged == [row.id for row in whole]
    only = Search(act="member.merged", member_id=kept)
    assert [row.act for row in await act(shop, lambda: acts_before(only, None, 20))] == [
        "member.merged"
    ]


async def test_a_visitor_brings_all_that_was_theirs(shop: Shop) -> None:
    """By the merge's own mechanism: points too, though visitors seldom have any."""
    came, member = await visitor(shop), await shop.member(GONE)
    await earns(shop, came, 5)
    await set_fields(shop, came, nickname="小来")
    assert (await bound(shop, came, GONE)).member_id == member
    rows = await shop.rows(
        "SELECT member_id, available::int FROM ledger_account WHERE tenant_id = $1 "
        "ORDER BY available"
    )
    assert [(row["member_id"], row["available"]) for row in rows] == [(came, 0), (member, 5)]
    assert await shop.rows("SELECT id FROM merge_move WHERE tenant_id = $1") == []
    assert (await shop.verified()).found == ()

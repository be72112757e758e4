"""Merging and undoing: fields by rule, ids that keep working, windows, chains, refusals."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from tests.core.merging.people import (
    GONE,
    KEPT,
    earns,
    merge,
    profile,
    set_fields,
    spends,
    two,
    undo,
)
from tests.core.points.counter import act, holds
from tests.support.reading import columns_of
from tests.support.shop import Shop

from shuke_core.access.errors import TokenInvalid
from shuke_core.alerts.services import raise_alert
from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.audit.queries import Search, acts_before, opened_changes, opened_entries
from shuke_core.interactions.rules import Kind
from shuke_core.interactions.services import NewInteraction, record_interaction
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.holdings import (
    Holding,
    OnErase,
    OnMerge,
    declare_holdings,
    forget_holdings,
)
from shuke_core.members.identities import lose_phone
from shuke_core.members.phones import normalise_phone
from shuke_core.members.plain import plain_phones
from shuke_core.members.queries import member_of_card, member_of_id
from shuke_core.members.services import (
    Identity,
    find_members,
    identify_members,
    issue_token,
    link_identities,
    member_of_token,
    rename_member,
)
from shuke_core.members.texts import SealedText, open_texts, seal_text
from shuke_core.merging.errors import MembersCannotMerge, MergeCannotBeUndone, MergeUnknown
from shuke_core.merging.rules import FieldRule
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.merging.window import DAYS
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks.reminders import OVERDUE
from shuke_core.tasks.services import NewTask, create_task


async def _whose(shop: Shop, phone: str) -> UUID:
    return await shop.member(phone)


async def test_both_phones_find_the_survivor_and_open_again(shop: Shop) -> None:
    kept, gone = await two(shop)
    await merge(shop, kept, gone)
    assert (await _whose(shop, KEPT), await _whose(shop, GONE)) == (kept, kept)
    rows = await shop.rows(
        "SELECT member_id FROM member_identity WHERE tenant_id = $1 AND state = 'active'"
    )
    assert rows == [{"member_id": kept}] * 2
    assert await act(shop, lambda: plain_phones([kept])) == {kept: f"+86{KEPT}"}
    assert (await profile(shop, gone))["state"] == "merged"
    assert (await profile(shop, gone))["merged_into_id"] == kept


async def test_an_undone_merge_restores_both(shop: Shop) -> None:
    kept, gone = await two(shop)
    before = [await profile(shop, each) for each in (kept, gone)]
    merge_id = await merge(shop, kept, gone)
    assert await undo(shop, merge_id) == gone
    assert [await profile(shop, each) for each in (kept, gone)] == before
    assert (await _whose(shop, KEPT), await _whose(shop, GONE)) == (kept, gone)
    assert await act(shop, lambda: plain_phones([gone])) == {gone: f"+86{GONE}"}


async def test_fields_follow_their_rules_and_come_back(shop: Shop) -> None:
    kept, gone = await two(shop)
    await set_fields(shop, kept, name="王一", nickname=None, gender="male")
    await set_fields(
        shop, gone, name="王二", nickname="小二", gender="female", birthday=date(1990, 5, 1)
    )
    choices = {"gender": FieldRule.ABSORBED, "birthday": FieldRule.SURVIVOR}
    merge_id = await merge(shop, kept, gone, choices)
    after = await profile(shop, kept)
    said = [after[name] for name in ("name", "nickname", "gender", "birthday", "version")]
    assert said == ["王一", "小二", "female", None, 2]
    await undo(shop, merge_id)
    again = await profile(shop, kept)
    said = [again[name] for name in ("name", "nickname", "gender", "birthday", "version")]
    assert said == ["王一", None, "male", None, 3]
    assert (await profile(shop, gone))["birthday"] == date(1990, 5, 1)


async def test_what_was_edited_since_stays(shop: Shop) -> None:
    kept, gone = await two(shop)
    await set_fields(shop, gone, name="王二", birthday=date(1990, 5, 1))
    merge_id = await merge(shop, kept, gone)
    await act(shop, lambda: rename_member(gone, "王三"))  # by the old id
    await undo(shop, merge_id)
    assert (await profile(shop, kept))["name"] == "王三"
    assert (await profile(shop, kept))["birthday"] is None
    assert (await profile(shop, gone))["name"] == "王二"


async def test_what_was_before_is_kept_sealed(shop: Shop) -> None:
    kept, gone = await two(shop)
    await set_fields(shop, gone, name="Zhaoyun")
    await merge(shop, kept, gone)
    row = (await shop.rows("SELECT changed::text, kept FROM member_merge WHERE tenant_id = $1"))[0]
    assert row["changed"] == '["name"]'
    assert b"Zhaoyun" not in row["kept"]


async def test_old_ids_and_cards_name_the_survivor(shop: Shop) -> None:
    kept, gone = await two(shop)
    card, old_card = [(await profile(shop, each))["card_no"] for each in (kept, gone)]
    await merge(shop, kept, gone)
    for read in (member_of_id(gone), member_of_id(kept), member_of_card(old_card)):
        assert await act(shop, lambda r=read: columns_of(r, "card_no")) == {"card_no": card}  # type: ignore[misc]


async def test_services_follow_the_old_id(shop: Shop) -> None:
    kept, gone = await two(shop)
    await merge(shop, kept, gone)
    staff = Addressee(role="admin")
    async with unit_of_work(shop.tenant_id):
        await record_interaction(NewInteraction(gone, Kind.INQUIRY, text="在吗"))
        await create_task(NewTask(staff, clock.now() + timedelta(days=1), gone, "回电"))
        await raise_alert(OVERDUE, "probe", "probe", staff, member_id=gone)
        assert await member_of_token(await issue_token(gone)) == kept
        for table in ("interaction", "interaction_follow_up", "task", "alert"):
            rows = await fetch(f"SELECT DISTINCT member_id FROM {table} WHERE tenant_id = $1")
            assert [row["member_id"] for row in rows] == [kept], table
        assert await assign_members(Chosen(ids=[gone]), None) == 0


async def test_tokens_of_the_absorbed_end(shop: Shop) -> None:
    kept, gone = await two(shop)
    token = await act(shop, lambda: issue_token(gone))
    merge_id = await merge(shop, kept, gone)
    with pytest.raises(TokenInvalid):
        await act(shop, lambda: member_of_token(token))
    events = await shop.rows(
        "SELECT type, payload->>'member_id' AS id FROM event WHERE tenant_id = $1 "
        "AND type IN ('member.merged', 'member.logged_out') ORDER BY seq"
    )
    assert events == [
        {"type": "member.logged_out", "id": str(gone)},
        {"type": "member.merged", "id": str(kept)},
    ]
    await undo(shop, merge_id)
    with pytest.raises(TokenInvalid):
        await act(shop, lambda: member_of_token(token))


async def test_who_logged_in_as_the_survivor_meanwhile_is_not_them_after_an_undo(
    shop: Shop,
) -> None:
    kept, gone = await two(shop)
    merge_id = await merge(shop, kept, gone)
    token = await act(shop, lambda: issue_token(gone))
    assert await act(shop, lambda: member_of_token(token)) == kept
    await undo(shop, merge_id)
    with pytest.raises(TokenInvalid):
        await act(shop, lambda: member_of_token(token))


async def test_a_chain_names_the_last_and_comes_apart_link_by_link(shop: Shop) -> None:
    first, second = await two(shop)
    third = await shop.member("13800138003")
    one = await merge(shop, second, first)
    two_ = await merge(shop, third, second)
    assert (await profile(shop, first))["merged_into_id"] == third
    assert await act(shop, lambda: plain_phones([third])) == {third: f"+86{KEPT}"}
    with pytest.raises(MergeCannotBeUndone, match="once more"):
        await undo(shop, one)
    await undo(shop, two_)
    assert (await profile(shop, first))["merged_into_id"] == second
    assert await _whose(shop, KEPT) == second
    await undo(shop, one)
    assert (await profile(shop, first))["state"] == "active"
    assert await _whose(shop, KEPT) == first


async def test_a_text_written_meanwhile_opens_for_who_gets_it_back(shop: Shop) -> None:
    kept, gone = await two(shop)
    due = clock.now() + timedelta(days=1)
    new = NewTask(Addressee(role="admin"), due, gone, "原话")
    task_id = await act(shop, lambda: create_task(new))
    merge_id = await merge(shop, kept, gone)
    other = await act(
        shop, lambda: create_task(NewTask(Addressee(role="admin"), due, kept, "后来"))
    )
    card = Identity.of_card("till", "K1")
    phone = normalise_phone(GONE)
    assert phone is not None
    await act(shop, lambda: link_identities({card: gone}))

    async def outcome() -> None:
        sealed = await seal_text("打过了", "task", task_id, "outcome", kept)
        await fetch(
            "UPDATE task SET outcome = $3 WHERE tenant_id = $1 AND id = $2", task_id, sealed
        )

    await act(shop, outcome)
    await undo(shop, merge_id)
    rows = await shop.rows(
        "SELECT id, member_id, note, outcome FROM task WHERE tenant_id = $1 ORDER BY created_at"
    )
    assert [(row["id"], row["member_id"]) for row in rows] == [(task_id, gone), (other, kept)]
    texts = [
        SealedText("task", row["id"], column, row["member_id"], row[column])
        for row in rows
        for column in ("note", "outcome")
        if row[column] is not None
    ]
    assert await act(shop, lambda: open_texts(texts)) == ["原话", "打过了", "后来"]
    # What came while they were one stays with the survivor.
    assert (await act(shop, lambda: identify_members([card])))[card] == kept
    assert await act(shop, lambda: find_members([Identity.of_phone(phone)])) == {
        Identity.of_phone(phone): gone
    }


async def test_refusals(shop: Shop, other_shop: Shop) -> None:
    kept, gone = await two(shop)
    foreign = await other_shop.member(KEPT)
    for pair in ((kept, new_id()), (new_id(), gone), (kept, foreign)):
        with pytest.raises(MemberUnknown):
            await merge(shop, *pair)
    with pytest.raises(MembersCannotMerge):
        await merge(shop, kept, kept)
    await set_fields(shop, kept, state="visitor")
    with pytest.raises(MembersCannotMerge, match="visitor"):
        await merge(shop, kept, gone)
    await set_fields(shop, kept, state="active")
    merge_id = await merge(shop, kept, gone)
    with pytest.raises(MembersCannotMerge, match="one member already"):
        await merge(shop, kept, gone)
    for unknown in (new_id(), merge_id):
        with pytest.raises(MergeUnknown):
            await undo(other_shop, unknown)
    await undo(shop, merge_id)
    with pytest.raises(MergeCannotBeUndone, match="already"):
        await undo(shop, merge_id)


async def test_a_merge_can_be_undone_for_thirty_days(shop: Shop) -> None:
    kept, gone = await two(shop)
    now = clock.now()
    with clock.held_at(now):
        merge_id = await merge(shop, kept, gone)
        with (
            clock.held_at(now + timedelta(days=DAYS)),
            pytest.raises(MergeCannotBeUndone, match="time"),
        ):
            await undo(shop, merge_id)
        with clock.held_at(now + timedelta(days=DAYS) - timedelta(seconds=1)):
            assert await undo(shop, merge_id) == gone


async def test_a_later_merge_over_the_same_field_is_undone_first(shop: Shop) -> None:
    kept, gone = await two(shop)
    third = await shop.member("13800138003")
    await set_fields(shop, gone, name="王二")
    await set_fields(shop, third, name="王三")
    one = await merge(shop, kept, gone)
    later = await merge(shop, kept, third, {"name": FieldRule.ABSORBED})
    with pytest.raises(MergeCannotBeUndone, match="later"):
        await undo(shop, one)
    await undo(shop, later)
    await undo(shop, one)
    assert [(await profile(shop, each))["name"] for each in (kept, gone, third)] == [
        None,
        "王二",
        "王三",
    ]


async def test_a_visitor_brings_their_history_to_the_member(shop: Shop) -> None:
    kept, gone = await two(shop)
    await set_fields(shop, gone, state="visitor")
    await earns(shop, gone, 5)
    merge_id = await merge(shop, kept, gone)
    assert await holds(shop, kept) == (5, 0)
    assert await spends(shop, gone, 2) == 3
    await undo(shop, merge_id)
    assert (await profile(shop, gone))["state"] == "visitor"


async def test_merging_is_audited_and_the_reason_kept(shop: Shop) -> None:
    kept, gone = await two(shop)
    merge_id = await act(shop, lambda: merge_members(kept, gone, reason="同一人"))
    await act(shop, lambda: undo_merge(merge_id, "弄错了"))
    rows = await act(shop, lambda: acts_before(Search(member_id=kept), None, 9))
    told = await act(shop, lambda: opened_entries(rows))
    assert [(row.act, row.subject, row.reason, told[row.id].reason) for row in rows] == [
        ("member.unmerged", f"member:{kept}", "", "弄错了"),
        ("member.merged", f"member:{kept}", "", "同一人"),
    ]


async def test_the_audit_of_the_survivor_holds_that_of_the_absorbed(shop: Shop) -> None:
    kept, gone = await two(shop)
    await act(shop, lambda: rename_member(gone, "王二"))
    merge_id = await merge(shop, kept, gone)
    rows = await act(shop, lambda: acts_before(Search(member_id=kept), None, 9))
    assert [(row.act, row.member_id) for row in rows] == [
        ("member.merged", kept),
        ("member.renamed", gone),
    ]
    changes = await act(shop, lambda: opened_changes(rows))
    assert changes[rows[1].id] == {"name": [None, "王**"]}
    await undo(shop, merge_id)
    rows = await act(shop, lambda: acts_before(Search(member_id=kept), None, 9))
    assert [row.act for row in rows] == ["member.unmerged", "member.merged"]


async def test_an_undo_that_would_take_more_than_is_left_is_refused_as_a_whole(shop: Shop) -> None:
    kept, gone = await two(shop)
    await earns(shop, kept, 5)

    async def nothing(_merge: UUID, _survivor: UUID, _absorbed: UUID) -> None:
        """Whatever it holds comes along by itself."""

    async def take(_merge: UUID, survivor: UUID, _absorbed: UUID) -> None:
        await fetch(
            "UPDATE ledger_account SET available = available - 6 "
            "WHERE tenant_id = $1 AND member_id = $2",
            survivor,
        )

    stamps = Holding(
        "stamps",
        {"zh": "印花", "en": "Stamps"},
        OnMerge.OWN,
        OnErase.GOES,
        why="test",
        merge=nothing,
        unmerge=take,
    )
    declare_holdings("stamps", stamps)
    try:
        merge_id = await merge(shop, kept, gone)
        with pytest.raises(MergeCannotBeUndone, match="Stamps"):
            await undo(shop, merge_id)
    finally:
        forget_holdings("stamps")
    assert (await profile(shop, gone))["merged_into_id"] == kept
    assert await _whose(shop, GONE) == kept
    assert await undo(shop, merge_id) == gone


async def test_after_an_undo_nobody_shows_a_phone_that_is_not_theirs(shop: Shop) -> None:
    """Both phones were the one member's for a while, and one of them was given up."""
    kept, gone = await two(shop)
    merge_id = await merge(shop, kept, gone)
    number = normalise_phone(GONE)
    assert number is not None
    assert await act(shop, lambda: lose_phone(kept, number))
    await undo(shop, merge_id)
    shown = "SELECT id, phone_masked FROM member WHERE tenant_id = $1"
    assert {row["id"]: row["phone_masked"] for row in await shop.rows(shown)} == {
        kept: "138****8001",
        gone: None,
    }


async def test_of_several_phones_the_one_that_is_shown_is_theirs(shop: Shop) -> None:
    kept, gone = await two(shop)
    numbers = [normalise_phone(f"1370013700{nth}") for nth in range(2)]
    others = [Identity.of_phone(number) for number in numbers if number is not None]
    await act(shop, lambda: link_identities(dict.fromkeys(others, gone)))
    merge_id = await merge(shop, kept, gone)
    number = normalise_phone(GONE)
    assert number is not None
    assert await act(shop, lambda: lose_phone(kept, number))
    await undo(shop, merge_id)
    shown = [(await profile(shop, each))["phone_masked"] for each in (kept, gone)]
    assert shown[0] == "138****8001"
    assert shown[1] in ("137****7000", "137****7001")

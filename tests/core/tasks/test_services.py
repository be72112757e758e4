"""Tasks: whose they are, what may be done with them by whom, and what stays of it."""

from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.follow_up import PHONE, act, ask, give_to, settle, somebody, task_of
from tests.support.shop import Shop

from shuke_core.access.rights import Scope
from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.members.texts import SealedText, open_texts
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.presence import set_stores
from shuke_core.staff.role_services import Grant, Wanted, create_role
from shuke_core.staff.services import leave
from shuke_core.tasks.queries import performance_between
from shuke_core.tasks.services import (
    Doer,
    NewTask,
    cancel_task,
    claim_task,
    complete_task,
    create_task,
    hand_over_task,
    start_task,
)
from shuke_core.tenants.queries import stores_by_code

HOUR = timedelta(hours=1)


async def make(shop: Shop, to: Addressee, **more: object) -> UUID:
    """A task that is due in an hour."""
    new = NewTask(to, clock.now() + HOUR, **more)  # type: ignore[arg-type]
    return await act(shop, lambda: create_task(new))


async def row_of(shop: Shop, task_id: UUID) -> dict[str, object]:
    (row,) = await shop.rows(
        "SELECT state, staff_id, role, version FROM task WHERE tenant_id = $1 AND id = $2", task_id
    )
    return row


async def steps_of(shop: Shop, task_id: UUID) -> list[str]:
    rows = await shop.rows(
        "SELECT act FROM task_step WHERE tenant_id = $1 AND task_id = $2 ORDER BY at, id", task_id
    )
    return [row["act"] for row in rows]


async def code_of(shop: Shop, work: object) -> str:
    """The code with which it is refused."""
    with pytest.raises(ShukeError) as refused:
        await act(shop, work)  # type: ignore[arg-type]
    return refused.value.code


async def test_a_task_of_a_role_is_claimed_begun_and_done(shop: Shop) -> None:
    ann = await somebody(shop, "ann", "clerk")
    task = await make(shop, Addressee(role="clerk"))
    await act(shop, lambda: claim_task(task, ann), ann)
    await act(shop, lambda: start_task(task, ann), ann)
    await act(shop, lambda: complete_task(task, ann, 3, "打过电话\n明天来"), ann)
    assert await row_of(shop, task) == {
        "state": "done", "staff_id": ann.staff_id, "role": "clerk", "version": 4}  # fmt: skip
    assert await steps_of(shop, task) == ["created", "claimed", "started", "done"]
    reminders = await shop.rows("SELECT state FROM task_reminder WHERE tenant_id = $1")
    assert [row["state"] for row in reminders] == ["dropped", "dropped"]
    audited = await shop.rows(
        "SELECT act FROM audit_entry WHERE tenant_id = $1 AND subject = $2 ORDER BY recorded_at, id",
        f"task:{task}",
    )
    assert [row["act"] for row in audited] == [
        "task.created", "task.claimed", "task.started", "task.done"]  # fmt: skip


async def test_who_may_not_is_told_as_if_there_were_none(shop: Shop) -> None:
    ann, bob = await somebody(shop, "ann", "clerk"), await somebody(shop, "bob", "operator")
    task = await make(shop, Addressee(role="clerk"))
    assert await code_of(shop, lambda: claim_task(task, bob)) == "TASK_UNKNOWN"
    assert await code_of(shop, lambda: claim_task(new_id(), ann)) == "TASK_UNKNOWN"
    assert await code_of(shop, lambda: start_task(task, ann)) == "TASK_UNKNOWN"
    await act(shop, lambda: claim_task(task, ann))
    other = await somebody(shop, "cat", "clerk")
    assert await code_of(shop, lambda: claim_task(task, other)) == "TASK_TAKEN"
    assert await code_of(shop, lambda: complete_task(task, other, 2, None)) == "TASK_UNKNOWN"
    assert (await row_of(shop, task))["version"] == 2


async def test_an_outdated_version_and_an_ended_task_are_refused(shop: Shop) -> None:
    ann = await somebody(shop, "ann", "clerk")
    task = await make(shop, Addressee(ann.staff_id))
    await act(shop, lambda: start_task(task, ann))
    assert await code_of(shop, lambda: complete_task(task, ann, 1, None)) == "TASK_CHANGED"
    await act(shop, lambda: cancel_task(task, ann, 2, "重复"))
    assert await code_of(shop, lambda: start_task(task, ann)) == "TASK_ENDED"
    assert await code_of(shop, lambda: complete_task(task, ann, 3, None)) == "TASK_ENDED"


async def test_handed_over_it_is_open_anew_for_the_next(shop: Shop) -> None:
    ann, bob = await somebody(shop, "ann", "clerk"), await somebody(shop, "bob", "clerk")
    boss = await somebody(shop, "boss", "operator", manages=True)
    task = await make(shop, Addressee(ann.staff_id))
    await act(shop, lambda: start_task(task, ann))
    await act(shop, lambda: hand_over_task(task, boss, Addressee(bob.staff_id), 2))
    assert await row_of(shop, task) == {
        "state": "open", "staff_id": bob.staff_id, "role": None, "version": 3}  # fmt: skip
    assert await code_of(shop, lambda: start_task(task, ann)) == "TASK_UNKNOWN"
    gone = Addressee(new_id())
    assert await code_of(shop, lambda: hand_over_task(task, boss, gone, 3)) == "ADDRESSEE_UNKNOWN"
    assert await steps_of(shop, task) == ["created", "started", "handed_over"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"due_at": -HOUR}, "TASK_DUE_INVALID"),
        ({"due_at": timedelta(days=800)}, "TASK_DUE_INVALID"),
        ({"to": Addressee(role="nobody")}, "ADDRESSEE_UNKNOWN"),
        ({"to": Addressee()}, "ADDRESSEE_UNKNOWN"),
        ({"member_id": new_id()}, "MEMBER_UNKNOWN"),
        ({"note": " "}, "TASK_TEXT_INVALID"),
        ({"note": "长" * 2001}, "TASK_TEXT_INVALID"),
    ],
)
async def test_what_can_be_no_task(shop: Shop, more: dict[str, object], code: str) -> None:
    due = more.pop("due_at", HOUR)
    assert isinstance(due, timedelta)
    given = {"to": Addressee(role="clerk"), "due_at": clock.now() + due, **more}
    assert await code_of(shop, lambda: create_task(NewTask(**given))) == code  # type: ignore[arg-type]
    assert await shop.rows("SELECT id FROM task WHERE tenant_id = $1") == []


async def test_what_is_written_about_a_member_goes_with_their_key(shop: Shop) -> None:
    member = await shop.member(PHONE)
    task = await make(shop, Addressee(role="clerk"), member_id=member, note="想退 13800138000")
    plain = await make(shop, Addressee(role="clerk"), note="盘点")

    async def read() -> list[str | None]:
        rows = await shop.rows(
            "SELECT id, member_id, note FROM task WHERE tenant_id = $1 ORDER BY id"
        )
        sealed = [SealedText("task", r["id"], "note", r["member_id"], r["note"]) for r in rows]
        assert not any(b"138" in text.sealed for text in sealed)
        return await act(shop, lambda: open_texts(sealed))

    assert task < plain
    assert await read() == ["想退 13800138000", "盘点"]
    await shop.rows("DELETE FROM member_key WHERE tenant_id = $1 AND member_id = $2", member)
    assert await read() == [None, "盘点"]


async def test_who_leaves_leaves_nothing_undone(shop: Shop) -> None:
    ann, bob = await somebody(shop, "ann", "advisor"), await somebody(shop, "bob", "advisor")
    member = await shop.member(PHONE)
    await give_to(shop, member, ann)
    asked = await task_of(shop, await ask(shop, member))
    alone = await make(shop, Addressee(ann.staff_id))
    done = await make(shop, Addressee(ann.staff_id))
    await act(shop, lambda: complete_task(done, ann, 1, None))
    await act(shop, lambda: leave("ann", bob.staff_id))
    await settle(shop)
    assert (await row_of(shop, asked))["staff_id"] == bob.staff_id
    row = await row_of(shop, alone)
    assert (row["staff_id"], row["role"], row["state"]) == (None, "advisor", "open")
    assert (await row_of(shop, done))["staff_id"] == ann.staff_id
    assert await steps_of(shop, alone) == ["created", "handed_over"]


async def test_tasks_about_a_member_go_where_the_member_goes(shop: Shop) -> None:
    ann, bob = await somebody(shop, "ann", "advisor"), await somebody(shop, "bob", "advisor")
    member = await shop.member(PHONE)
    await give_to(shop, member, ann)
    asked = await task_of(shop, await ask(shop, member))
    by_hand = await make(shop, Addressee(ann.staff_id), member_id=member)
    alone = await make(shop, Addressee(ann.staff_id))
    await give_to(shop, member, bob)
    await settle(shop)
    assert [(await row_of(shop, task))["staff_id"] for task in (asked, by_hand, alone)] == [
        bob.staff_id, bob.staff_id, ann.staff_id]  # fmt: skip
    await act(shop, lambda: assign_members(Chosen(ids=[member]), None))
    await settle(shop)
    for task in (asked, by_hand):  # not to advisors as a role: none of them sees the member now
        row = await row_of(shop, task)
        assert (row["staff_id"], row["role"]) == (None, "clerk")


async def test_who_sees_some_stores_is_given_tasks_about_their_members_only(shop: Shop) -> None:
    grants = (Grant("members.read", Scope.STORES), Grant("tasks.work", Scope.STORES))
    await act(shop, lambda: create_role(None, "guide", Wanted("Guide", "导购", grants, ())))
    ann, bob = await somebody(shop, "ann", "guide"), await somebody(shop, "bob", "guide")
    await shop.sold(shop.ticket(phone=PHONE, store="S1"), shop.ticket(store="S2"))
    member = await shop.member(PHONE)
    stores = await act(shop, lambda: stores_by_code(["S1", "S2"]))
    await act(shop, lambda: set_stores(ann.staff_id, [stores["S1"]]))
    await act(shop, lambda: set_stores(bob.staff_id, [stores["S2"]]))
    for to in (Addressee(bob.staff_id), Addressee(role="guide")):
        new = NewTask(to, clock.now() + HOUR, member)
        assert await code_of(shop, lambda new=new: create_task(new)) == "ADDRESSEE_BLIND"
    task = await make(shop, Addressee(ann.staff_id), member_id=member)
    to = Addressee(bob.staff_id)
    assert await code_of(shop, lambda: hand_over_task(task, ann, to, 1)) == "ADDRESSEE_BLIND"
    # Nor as the member's advisor: what is asked goes to those who see every member.
    await give_to(shop, member, bob)
    row = await row_of(shop, await task_of(shop, await ask(shop, member)))
    assert (row["staff_id"], row["role"]) == (None, "clerk")
    await give_to(shop, member, ann)
    row = await row_of(shop, await task_of(shop, await ask(shop, member)))
    assert row["staff_id"] == ann.staff_id


async def test_nobody_is_given_what_they_do_not_see(shop: Shop) -> None:
    ann, bob = await somebody(shop, "ann", "advisor"), await somebody(shop, "bob", "advisor")
    member = await shop.member(PHONE)
    await give_to(shop, member, ann)
    for to in (Addressee(bob.staff_id), Addressee(role="advisor")):
        new = NewTask(to, clock.now() + HOUR, member)
        assert await code_of(shop, lambda new=new: create_task(new)) == "ADDRESSEE_BLIND"
    task = await make(shop, Addressee(ann.staff_id), member_id=member)
    to = Addressee(bob.staff_id)
    assert await code_of(shop, lambda: hand_over_task(task, ann, to, 1)) == "ADDRESSEE_BLIND"
    assert (await row_of(shop, task))["staff_id"] == ann.staff_id


async def test_how_advisors_do(shop: Shop) -> None:
    ann, bob = await somebody(shop, "ann", "advisor"), await somebody(shop, "bob", "advisor")
    start = clock.now()

    async def done_by(doer: Doer, touched: int, ended: int) -> None:
        """A task due after an hour, touched and ended so many minutes after it came."""
        with clock.held_at(start):
            task = await make(shop, Addressee(doer.staff_id))
        with clock.held_at(start + timedelta(minutes=touched)):
            await act(shop, lambda: start_task(task, doer))
        with clock.held_at(start + timedelta(minutes=ended)):
            await act(shop, lambda: complete_task(task, doer, 2, None))

    for touched, ended in ((1, 2), (5, 60), (30, 61)):
        await done_by(ann, touched, ended)
    await done_by(bob, 10, 20)
    cancelled = await make(shop, Addressee(bob.staff_id))
    await act(shop, lambda: cancel_task(cancelled, bob, 1, None))

    async def found(until: timedelta) -> list[tuple[object, ...]]:
        rows = await act(shop, lambda: performance_between(start, start + until))
        return [(r.handle, r.done, r.on_time, r.late, r.first_touch) for r in rows]

    assert await found(timedelta(days=1)) == [("ann", 3, 2, 1, 300.0), ("bob", 1, 1, 0, 600.0)]
    assert await found(timedelta(minutes=20)) == [("ann", 1, 1, 0, 60.0)]
    assert await code_of(shop, lambda: performance_between(start, start)) == "PERIOD_INVALID"

"""Reminders: each is given once, when its time has come; an inquiry nobody touched goes on."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from tests.support.follow_up import PHONE, act, ask, give_to, somebody, task_of
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.transactions import dispatch_work
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks import reminders, steps
from shuke_core.tasks.reminders import ATTEMPTS, REMINDER_DRAIN, give_reminders
from shuke_core.tasks.services import NewTask, claim_task, complete_task, create_task
from shuke_core.worker.drains import drain_topic

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


async def at(shop: Shop, moment: datetime) -> None:
    """What the worker does when it is that time."""
    with clock.held_at(moment):
        while await give_reminders(shop.tenant_id):
            pass


async def told(shop: Shop) -> Counter[tuple[str, str]]:
    """What was told of tasks so far, and how often: (change, to whom)."""
    rows = await shop.rows(
        "SELECT payload ->> 'change' AS change, payload ->> 'route' AS route FROM event "
        "WHERE tenant_id = $1 AND type = 'task.moved'"
    )
    return Counter((row["change"], row["route"]) for row in rows)


async def states(shop: Shop, task: UUID) -> dict[str, str]:
    rows = await shop.rows(
        "SELECT kind, state FROM task_reminder WHERE tenant_id = $1 AND task_id = $2", task
    )
    return {row["kind"]: row["state"] for row in rows}


async def test_each_is_given_once_and_not_before_its_time(shop: Shop) -> None:
    ann, now = await somebody(shop, "ann", "clerk"), clock.now()
    new = NewTask(Addressee(ann.staff_id), now + HOUR)
    with clock.held_at(now):
        task = await act(shop, lambda: create_task(new))
    route = f"staff:{ann.staff_id}"
    for minutes, reminded, due in ((44, 0, 0), (45, 1, 0), (59, 1, 0), (60, 1, 1), (90, 1, 1)):
        for _ in range(2):
            await at(shop, now + minutes * MINUTE)
        found = await told(shop)
        assert (found["reminded", route], found["due", route]) == (reminded, due), minutes
    assert await states(shop, task) == {"before": "given", "due": "given"}
    assert await shop.rows("SELECT id FROM alert WHERE tenant_id = $1") == []


async def test_after_a_long_pause_only_what_counts_is_told(shop: Shop) -> None:
    now = clock.now()
    with clock.held_at(now):
        new = NewTask(Addressee(role="clerk"), now + HOUR)
        task = await act(shop, lambda: create_task(new))
    await at(shop, now + 5 * HOUR)
    assert await told(shop) == {("created", "role:clerk"): 1, ("due", "role:clerk"): 1}
    assert await states(shop, task) == {"before": "missed", "due": "given"}


async def test_of_a_task_that_has_ended_nobody_is_reminded(shop: Shop) -> None:
    ann = await somebody(shop, "ann", "clerk")
    new = NewTask(Addressee(ann.staff_id), clock.now() + HOUR)
    task = await act(shop, lambda: create_task(new))
    await act(shop, lambda: complete_task(task, ann, 1, None))
    await at(shop, clock.now() + 2 * HOUR)
    assert {change for change, _ in await told(shop)} == {"created", "done"}
    assert await states(shop, task) == {"before": "dropped", "due": "dropped"}


@pytest.mark.parametrize("has_advisor", [True, False])
async def test_an_untouched_inquiry_goes_to_its_role_with_an_alert(
    shop: Shop, has_advisor: bool
) -> None:
    ann = await somebody(shop, "ann", "advisor")
    member, now = await shop.member(PHONE), clock.now()
    if has_advisor:
        await give_to(shop, member, ann)
    task = await task_of(shop, await ask(shop, member))
    await at(shop, now + 59 * MINUTE)
    assert await shop.rows("SELECT id FROM alert WHERE tenant_id = $1") == []
    for _ in range(2):
        await at(shop, now + 61 * MINUTE)
    (row,) = await shop.rows(
        "SELECT staff_id, role, state, escalated_at IS NOT NULL AS went FROM task "
        "WHERE tenant_id = $1"
    )
    assert row == {"staff_id": None, "role": "clerk", "state": "open", "went": True}
    (alert,) = await shop.rows(
        "SELECT kind, severity, role, subject, times, member_id FROM alert WHERE tenant_id = $1"
    )
    assert alert == {
        "kind": "inquiry.overdue", "severity": "critical", "role": "clerk",
        "subject": f"task:{task}", "times": 1, "member_id": member}  # fmt: skip
    found = await told(shop)
    assert found["escalated", "role:clerk"] == 1
    assert found["escalated", f"staff:{ann.staff_id}"] == has_advisor
    bob = await somebody(shop, "bob", "clerk")
    await act(shop, lambda: claim_task(task, bob))
    (version,) = await shop.rows("SELECT version FROM task WHERE tenant_id = $1")
    await act(shop, lambda: complete_task(task, bob, version["version"], None))
    assert await shop.rows(
        "SELECT id FROM alert WHERE tenant_id = $1 AND resolved_at IS NULL"
    ) == []  # fmt: skip


async def test_whoever_has_touched_an_inquiry_keeps_it(shop: Shop) -> None:
    bob, member = await somebody(shop, "bob", "clerk"), await shop.member(PHONE)
    task = await task_of(shop, await ask(shop, member))
    await act(shop, lambda: claim_task(task, bob))
    await at(shop, clock.now() + 2 * HOUR)
    assert (await told(shop))["due", f"staff:{bob.staff_id}"] == 1
    (row,) = await shop.rows("SELECT staff_id FROM task WHERE tenant_id = $1")
    assert row["staff_id"] == bob.staff_id
    assert await shop.rows("SELECT id FROM alert WHERE tenant_id = $1") == []


async def test_one_that_fails_keeps_nobody_else_from_theirs(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    new = NewTask(Addressee(role="clerk"), now + HOUR)
    bad, good = [await act(shop, lambda: create_task(new)) for _ in range(2)]
    tell = steps.tell

    def fails_for_one(task_id: UUID, change: str, *people: Addressee) -> None:
        tell(task_id, change, *people)
        if task_id == bad:
            raise RuntimeError("made up")

    monkeypatch.setattr(reminders, "tell", fails_for_one)
    for attempt in range(ATTEMPTS + 2):
        await at(shop, now + 2 * HOUR + attempt * MINUTE)
    assert (await told(shop))["due", "role:clerk"] == 1
    assert await states(shop, good) == {"before": "missed", "due": "given"}
    assert await states(shop, bad) == {"before": "dead", "due": "dead"}


async def test_the_drain_finds_the_tenants_that_have_some(shop: Shop, other_shop: Shop) -> None:
    for each in (shop, other_shop):
        await act(each, partial(create_task, NewTask(Addressee(role="clerk"), clock.now() + HOUR)))
    with clock.held_at(clock.now() + 2 * HOUR):
        assert await drain_topic(REMINDER_DRAIN) >= 2
        async with dispatch_work():
            left = await REMINDER_DRAIN.due()
        assert {shop.tenant_id, other_shop.tenant_id}.isdisjoint(left)
    for each in (shop, other_shop):
        assert (await told(each))["due", "role:clerk"] == 1

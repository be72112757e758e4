"""Many claim one task at once; and a wrong way to do it, which the same race finds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from tests.support.follow_up import act, somebody
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, in_unit_of_work
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks import steps
from shuke_core.tasks.errors import TaskTaken
from shuke_core.tasks.reminders import give_reminders
from shuke_core.tasks.services import (
    Doer,
    NewTask,
    claim_task,
    complete_task,
    create_task,
    hand_over_task,
)
from shuke_core.tasks.steps import note_steps, tell

CLAIMERS = 10
Claim = Callable[[UUID, Doer], Awaitable[None]]


async def claim_unlocked(task_id: UUID, doer: Doer) -> None:
    """Wrong: looks first and takes after, without a lock."""
    rows = await fetch(f"SELECT {steps._HELD} FROM task WHERE tenant_id = $1 AND id = $2", task_id)
    task = steps.Held(**rows[0])
    if task.staff_id is not None:
        raise TaskTaken()
    await asyncio.sleep(0.02)
    await fetch(
        "UPDATE task SET staff_id = $3, version = version + 1 WHERE tenant_id = $1 AND id = $2",
        *(task_id, doer.staff_id),
    )
    mine = Addressee(doer.staff_id, task.role)
    await note_steps([task], "claimed", [mine])
    tell(task_id, "claimed", task.holder, mine)


async def race(shop: Shop, claim: Claim, *, rounds: int) -> list[str]:
    """Ten claim each of some tasks at once; says what was not as it must be."""
    people = [await somebody(shop, f"s{number}", "clerk") for number in range(CLAIMERS)]
    faults: list[str] = []
    for _ in range(rounds):
        new = NewTask(Addressee(role="clerk"), clock.now() + timedelta(hours=1))
        task = await act(shop, lambda new=new: create_task(new))  # type: ignore[misc]

        async def one(doer: Doer, task: UUID = task) -> bool:
            try:
                await in_unit_of_work(shop.tenant_id, lambda: claim(task, doer))
            except TaskTaken:
                return False
            return True

        won = [
            doer
            for doer, has in zip(
                people, await asyncio.gather(*(one(doer) for doer in people)), strict=True
            )
            if has
        ]
        (row,) = await shop.rows(
            "SELECT staff_id, version, (SELECT count(*) FROM task_step s WHERE s.tenant_id = $1 "
            "AND s.task_id = t.id AND s.act = 'claimed') AS claims FROM task t "
            "WHERE tenant_id = $1 AND id = $2",
            task,
        )
        if len(won) != 1:
            faults.append(f"{len(won)} were told that it is theirs")
        elif row["staff_id"] != won[0].staff_id:
            faults.append("it is somebody else's")
        if (row["version"], row["claims"]) != (2, 1):
            faults.append(f"{row['claims']} claims, version {row['version']}")
    return faults


async def test_one_of_many_gets_it(shop: Shop, soak: bool) -> None:
    assert await race(shop, claim_task, rounds=100 if soak else 5) == []


async def test_the_race_finds_a_task_given_to_two(shop: Shop) -> None:
    faults = await race(shop, claim_unlocked, rounds=2)
    assert any("were told that it is theirs" in fault for fault in faults)


@pytest.mark.parametrize("drains", [4])
async def test_a_reminder_is_given_once_while_the_task_is_done_and_handed_over(
    shop: Shop, drains: int, soak: bool
) -> None:
    """Workers remind while people end and hand over the same tasks: told once, or dropped."""
    ann, bob = await somebody(shop, "ann", "clerk"), await somebody(shop, "bob", "clerk")
    for _ in range(30 if soak else 3):
        start = clock.now()
        with clock.held_at(start):
            new = NewTask(Addressee(ann.staff_id), start + timedelta(hours=1))
            tasks = [await act(shop, lambda: create_task(new)) for _ in range(6)]  # noqa: B023
        with clock.held_at(start + timedelta(hours=2)):
            await asyncio.gather(
                *(give_reminders(shop.tenant_id) for _ in range(drains)),
                *(act(shop, lambda t=t: complete_task(t, ann, 1, None)) for t in tasks[:3]),  # type: ignore[misc]
                *(
                    act(shop, lambda t=t: hand_over_task(t, ann, Addressee(bob.staff_id), 1))  # type: ignore[misc]
                    for t in tasks[3:]
                ),
            )
            while await give_reminders(shop.tenant_id):
                pass
        rows = await shop.rows(
            "SELECT t.id, t.state, (SELECT count(*) FROM event e WHERE e.tenant_id = $1 "
            "AND e.payload ->> 'task_id' = t.id::text AND e.payload ->> 'change' = 'due') AS told, "
            "(SELECT r.state FROM task_reminder r WHERE r.tenant_id = $1 AND r.task_id = t.id "
            "AND r.kind = 'due') AS reminder FROM task t "
            "WHERE t.tenant_id = $1 AND t.id = ANY ($2::uuid[])",
            tasks,
        )
        assert all(row["told"] == (row["reminder"] == "given") for row in rows), rows
        assert all(row["reminder"] in ("given", "dropped") for row in rows), rows
        assert all(row["told"] == 1 for row in rows if row["state"] == "open"), rows

"""Any history of tasks, step by step: PostgreSQL holds what the model holds, each reminder once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.tasks.model import ENDED, ModelTask
from tests.support.follow_up import PHONE, act, ask, give_to, somebody, task_of
from tests.support.shop import Shop, open_shop

from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.runtime import Runtime
from shuke_core.staff.addressees import Addressee
from shuke_core.tasks.reminders import give_reminders
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

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
PEOPLE = 3
Command = tuple[Any, ...]

_TASK, _WHO = st.integers(0, 3), st.integers(0, PEOPLE - 1)
_OLD = st.sampled_from([0, 0, 0, 1])  # how many versions behind the asker is
commands = st.one_of(
    st.tuples(st.just("create"), st.integers(2, 90), st.none() | _WHO),
    st.tuples(st.just("ask")),
    st.tuples(st.just("claim"), _TASK, _WHO),
    st.tuples(st.just("start"), _TASK, _WHO),
    st.tuples(st.just("hand over"), _TASK, _WHO, st.none() | _WHO, _OLD),
    st.tuples(st.just("done"), _TASK, _WHO, _OLD),
    st.tuples(st.just("cancelled"), _TASK, _WHO, _OLD),
    st.tuples(st.just("wait"), st.integers(1, 80)),
    st.tuples(st.just("remind")),
)

TASKS = """
SELECT t.id, t.state, t.staff_id, t.version, t.touched_at IS NOT NULL AS is_touched,
       (SELECT array_agg(s.act ORDER BY s.at, s.id) FROM task_step s
         WHERE s.tenant_id = $1 AND s.task_id = t.id) AS steps,
       (SELECT coalesce(array_agg(r.kind ORDER BY r.kind), '{}') FROM task_reminder r
         WHERE r.tenant_id = $1 AND r.task_id = t.id AND r.state = 'waiting') AS waiting,
       (SELECT coalesce(array_agg(e.payload ->> 'change' ORDER BY e.seq), '{}')
          FROM (SELECT DISTINCT ON (e.payload ->> 'change') e.payload, e.seq FROM event e
                 WHERE e.tenant_id = $1 AND e.entity = 'task:' || t.id
                   AND e.payload ->> 'change' IN ('reminded', 'due', 'escalated')
                 ORDER BY e.payload ->> 'change', e.seq) e) AS told,
       (SELECT count(*) FROM event e WHERE e.tenant_id = $1 AND e.entity = 'task:' || t.id
           AND e.payload ->> 'change' IN ('reminded', 'due')) AS reminders
  FROM task t WHERE t.tenant_id = $1 ORDER BY t.id
"""


class Walk:
    """The same steps in the product and in the model."""

    def __init__(self, shop: Shop, people: list[Doer], member: UUID) -> None:
        self.shop, self.people, self.member = shop, people, member
        self.minute = 0
        self.ids: list[UUID] = []
        self.model: list[ModelTask] = []

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.minute)

    async def step(self, command: Command) -> None:
        name, *given = command
        if name == "wait":
            self.minute += given[0]
        elif name == "remind":
            await self.remind()
        elif name == "create":
            minutes, person = given
            due, to = self.minute + 2 * minutes, self._to(person)
            new = NewTask(to, START + timedelta(minutes=due))
            self.ids.append(await act(self.shop, lambda: create_task(new)))
            self.model.append(ModelTask(self.minute, due, person, is_inquiry=False))
        elif name == "ask":
            self.ids.append(await task_of(self.shop, await ask(self.shop, self.member)))
            self.model.append(ModelTask(self.minute, self.minute + 60, 0, is_inquiry=True))
        elif given[0] < len(self.ids):
            await self._change(name, *given)

    async def remind(self) -> None:
        """The worker comes by, until nothing is due."""
        while await give_reminders(self.shop.tenant_id):
            pass
        for task in self.model:
            task.remind(self.minute)

    def _to(self, person: int | None) -> Addressee:
        return Addressee(None if person is None else self.people[person].staff_id, "clerk")

    async def _change(self, name: str, number: int, who: int, *more: Any) -> None:
        task, doer, model = self.ids[number], self.people[who], self.model[number]
        version = model.version - (more[-1] if more else 0)
        expected: str | None
        verb: Callable[[], Awaitable[None]]
        if name == "claim":
            expected, verb = model.claim(who), lambda: claim_task(task, doer)
        elif name == "start":
            expected, verb = model.start(who), lambda: start_task(task, doer)
        elif name == "hand over":
            to = self._to(more[0])
            expected = model.hand_over(who, more[0], version)
            verb = lambda: hand_over_task(task, doer, to, version)  # noqa: E731
        else:
            end = complete_task if name == "done" else cancel_task
            expected = model.end(who, name, version)
            verb = lambda: end(task, doer, version, None)  # noqa: E731
        try:
            await act(self.shop, verb, doer)
            refused = None
        except ShukeError as error:
            refused = error.code
        assert refused == expected, (name, number, who, more)

    async def compare(self) -> None:
        """State, holder, version, history, and what was told of each task."""
        rows = await self.shop.rows(TASKS)
        assert [row["id"] for row in rows] == self.ids
        for row, task in zip(rows, self.model, strict=True):
            person = None if task.person is None else self.people[task.person].staff_id
            assert (row["state"], row["staff_id"], row["version"], row["is_touched"]) == (
                *(task.state, person, task.version, task.is_touched),
            )
            assert row["steps"] == task.steps
            assert row["waiting"] == sorted(task.waiting)
            assert row["told"] == task.told
            assert row["reminders"] == len([each for each in task.told if each != "escalated"])


async def _act(runtime: Runtime, history: list[Command]) -> None:
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365, till=False)
    people = [await somebody(shop, f"s{number}", "clerk") for number in range(PEOPLE)]
    member = await shop.member(PHONE)
    await give_to(shop, member, people[0])
    walk = Walk(shop, people, member)
    for command in history:
        with clock.held_at(walk.now):
            await walk.step(command)
            await walk.compare()
    # In the end nothing is forgotten: what is alive has had its last word, or waits for nobody.
    walk.minute += 10_000
    with clock.held_at(walk.now):
        await walk.remind()
        await walk.compare()
    assert all(not task.waiting for task in walk.model)
    for task in walk.model:
        last = task.told[-1:] and task.told[-1]
        assert task.state in ENDED or last in ("due", "escalated")


@pytest.mark.slow
@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(commands, min_size=6, max_size=20))
async def test_every_history_agrees_with_the_model(
    runtime: Runtime, history: list[Command]
) -> None:
    await _act(runtime, history)


async def test_a_history_with_every_turn_agrees_with_the_model(runtime: Runtime) -> None:
    await _act(
        runtime,
        [
            ("create", 30, None),
            ("ask",),
            ("claim", 0, 1),
            ("claim", 0, 1),  # again: nothing
            ("claim", 0, 2),  # taken
            ("start", 0, 2),  # not theirs
            ("start", 0, 1),
            ("hand over", 0, 1, 2, 1),  # an old version
            ("hand over", 0, 1, 2, 0),
            ("wait", 46),
            ("remind",),
            ("wait", 20),
            ("remind",),  # the inquiry goes to the role
            ("remind",),
            ("claim", 1, 2),
            ("done", 1, 2, 0),
            ("done", 1, 2, 0),  # it has ended
            ("hand over", 0, 2, None, 0),
            ("claim", 0, 0),
            ("cancelled", 0, 0, 0),
            ("ask",),
            ("claim", 2, 0),
            ("wait", 70),
            ("remind",),
        ],
    )

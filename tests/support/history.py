"""The history recorder: each command, its acknowledgement and their times; and the checker over it.

Every fault and load run ends in `contradictions`: what was acknowledged is there exactly once,
what was refused had no effect, what was never answered happened once or not at all, nothing is
there that nobody asked for, and the ledger agrees with itself.

Three kinds of acts are known: tickets, which a till sends; slots of the chore that `tests.support.bent`
schedules, which the clock asks for and the schedule's record answers; and moves, which every listener
to live updates must hear once and in order.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import chain, pairwise
from time import time
from typing import Any
from uuid import UUID

import asyncpg

from shuke_core.ledger.verify import Verified

CHORE, MOVE = "chore", "move"
_HALF = 18  # characters of the first half of a UUID


class Outcome(Enum):
    """What the client knows of a command. UNANSWERED: the connection was lost; nobody knows."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNANSWERED = "unanswered"


@dataclass
class Act:
    """One command as the client sees it. `key` is its business identity, a ticket's number or what
    `chore_key` and `move_key` say; `points` is what it moves in the ledger when it is done: below
    zero for a refund, nothing for a move, which is only heard."""

    command: str
    key: str
    points: int
    asked_at: float
    answered_at: float | None = None
    outcome: Outcome = Outcome.UNANSWERED
    attempts: int = 0


def chore_cause(slot: datetime, run: int = 0) -> UUID:
    """What causes the entry of one run of the chore: the slot is in its first half, the run in the
    other. So the database sees no second run of a slot, and the checker does."""
    return UUID(int=int(slot.timestamp()) << 64 | run)


def chore_key(slot: datetime) -> str:
    """The business identity of a slot of the chore, as `find` reads it from a cause."""
    return f"chore {str(chore_cause(slot))[:_HALF]}"


def move_key(listener: str, number: int) -> str:
    """The business identity of one move for one listener."""
    return f"{listener} hears {number}"


@dataclass
class History:
    """What clients asked for and were told, in order."""

    acts: list[Act] = field(default_factory=list)

    def ask(self, command: str, key: str, points: int) -> Act:
        """Records that a command is about to be sent, before it is."""
        act = Act(command, key, points, time())
        self.acts.append(act)
        return act

    def slot(self, slot: datetime, outcome: str | None) -> Act:
        """Records a slot of the chore that has passed, and what the schedule says of it: `done` is
        an acknowledgement, `missed` a refusal, no record is no answer."""
        act = self.ask(CHORE, chore_key(slot), 1)
        if outcome is not None:
            answer(act, acknowledged=outcome == "done")
        return act

    @contextmanager
    def moving(self, listeners: Iterable[str], number: int) -> Iterator[None]:
        """A move that all of these must hear, acknowledged when the block ends, unless it raises."""
        acts = [self.ask(MOVE, move_key(listener, number), 0) for listener in listeners]
        yield
        for act in acts:
            answer(act, acknowledged=True)

    @contextmanager
    def asking(self, command: str, key: str, points: int) -> Iterator[Act]:
        """For commands in this process: acknowledged when the block ends, unless it raises."""
        act = self.ask(command, key, points)
        act.attempts = 1
        yield act
        answer(act, acknowledged=True)

    def count(self, outcome: Outcome) -> int:
        """How many acts came to this outcome."""
        return sum(act.outcome is outcome for act in self.acts)

    def until(self, moment: float) -> "History":
        """What had been acknowledged before the moment, and nothing else of that time is sure."""
        return History(
            [a for a in self.acts if a.answered_at is not None and a.answered_at < moment]
        )


def answer(act: Act, *, acknowledged: bool) -> None:
    """Records what the service said."""
    act.answered_at = time()
    act.outcome = Outcome.ACKNOWLEDGED if acknowledged else Outcome.REFUSED


@dataclass(frozen=True)
class Found:
    """What the database holds of a tenant, by the tickets' numbers."""

    orders: Counter[str]
    refunds: Counter[str]
    moved: dict[str, list[int]]  # number → the amounts of all entries it caused
    points: int  # available less debt, over all accounts
    unfinished: int  # waiting, parked, without a position
    dead: int
    verified: Verified | None = None
    heard: dict[str, list[str]] = field(default_factory=dict)  # listener → keys of moves, in order

    def times(self, act: Act) -> int:
        """How often the act is there."""
        if act.command == MOVE:
            return sum(heard.count(act.key) for heard in self.heard.values())
        if act.command == CHORE:
            return len(self.moved.get(act.key, ()))
        return (self.refunds if act.points < 0 else self.orders)[act.key]

    @property
    def keys(self) -> set[str]:
        """The business identities of all that is there."""
        return {*self.orders, *self.refunds, *self.moved, *chain(*self.heard.values())}


def contradictions(history: History, found: Found) -> list[str]:
    """What of the history the database contradicts, a sentence each; empty when all is well."""
    said = []
    expected = 0
    for act in history.acts:
        there = found.times(act)
        moved = found.moved.get(act.key, [])
        what = f"{act.command} {act.key} ({act.outcome.value})"
        if act.outcome is Outcome.ACKNOWLEDGED and there == 0:
            said.append(f"{what} is lost")
        elif act.outcome is Outcome.REFUSED and there:
            said.append(f"{what} has had an effect")
        elif there > 1:
            said.append(f"{what} is there {there} times")
        if there:
            expected += act.points
            if moved != ([act.points] if act.points else []):
                said.append(f"{what} moved {moved} points, not {act.points}")
        elif moved:
            said.append(f"{what} is not there and moved {moved} points")
    known = {act.key for act in history.acts}
    strangers = sorted(found.keys - known)
    said += [f"{key} is there and nobody asked for it" for key in strangers]
    if found.points != expected and not strangers:
        said.append(f"accounts hold {found.points} points, the history comes to {expected}")
    said += _out_of_order(history, found)
    if found.unfinished or found.dead:
        said.append(f"{found.unfinished} rows are unfinished and {found.dead} dead")
    if found.verified is not None and found.verified.differences:
        said.append(f"the ledger differs from itself: {found.verified.found[:3]}")
    return said


def _out_of_order(history: History, found: Found) -> Iterator[str]:
    """The moves that a listener heard before an earlier one."""
    asked = {act.key: number for number, act in enumerate(history.acts)}
    for heard in found.heard.values():
        for first, then in pairwise(key for key in heard if key in asked):
            if asked[then] < asked[first]:
                yield f"{then} after: {first}"


async def _rows(db: asyncpg.Connection, sql: str, tenant_id: UUID) -> list[Any]:
    rows: list[Any] = await db.fetch(sql, tenant_id)
    return rows


async def find(db: asyncpg.Connection, tenant_id: UUID, verified: Verified | None = None) -> Found:
    """Reads what is there, as the app role, with statements that no code of the product shares."""
    async with db.transaction(readonly=True):
        await db.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(tenant_id))
        orders = await _rows(db, "SELECT external_no FROM orders WHERE tenant_id = $1", tenant_id)
        refunds = await _rows(
            db,
            "SELECT external_no FROM refund WHERE tenant_id = $1 AND state = 'applied'",
            tenant_id,
        )
        entries = await _rows(
            db,
            """
            SELECT coalesce(o.external_no, r.external_no, e.cause_type || ' ' ||
                            CASE e.cause_type WHEN 'chore' THEN left(e.cause_id::text, 18)
                                              ELSE e.cause_id::text END) AS no,
                   e.amount::bigint AS amount
              FROM ledger_entry e
              LEFT JOIN orders o ON o.tenant_id = $1 AND o.id = e.cause_id
              LEFT JOIN refund r ON r.tenant_id = $1 AND r.id = e.cause_id
             WHERE e.tenant_id = $1 AND e.kind <> 'settle' ORDER BY e.id
            """,
            tenant_id,
        )
        (sums,) = await _rows(
            db,
            """
            SELECT (SELECT coalesce(sum(available - debt), 0)::bigint FROM ledger_account
                     WHERE tenant_id = $1) AS points,
                   (SELECT count(*) FROM inbox WHERE tenant_id = $1 AND state = 'pending')
                 + (SELECT count(*) FROM event WHERE tenant_id = $1 AND position IS NULL)
                 + (SELECT count(*) FROM parked_event WHERE tenant_id = $1 AND state = 'parked')
                   AS unfinished,
                   (SELECT count(*) FROM inbox WHERE tenant_id = $1 AND state = 'dead')
                 + (SELECT count(*) FROM parked_event WHERE tenant_id = $1 AND state = 'dead')
                   AS dead
            """,
            tenant_id,
        )
    moved: dict[str, list[int]] = {}
    for row in entries:
        moved.setdefault(row["no"], []).append(row["amount"])
    return Found(
        Counter(row["external_no"] for row in orders),
        Counter(row["external_no"] for row in refunds),
        moved,
        sums["points"],
        sums["unfinished"],
        sums["dead"],
        verified,
    )


def summary(history: History, said: Sequence[str]) -> str:
    """One line for the run's output."""
    counts = ", ".join(f"{history.count(outcome)} {outcome.value}" for outcome in Outcome)
    return f"{len(history.acts)} acts: {counts}; {len(said)} contradictions"

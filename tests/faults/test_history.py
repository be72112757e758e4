"""The checker finds each kind of contradiction, and nothing in a history that is kept."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.support.history import (
    Act,
    Found,
    History,
    Outcome,
    chore_cause,
    chore_key,
    contradictions,
    find,
    move_key,
)
from tests.support.scratch import connection_to
from tests.support.shop import Shop

from shuke_core.ledger.verify import Difference, Verified
from shuke_core.runtime import Runtime


def _history() -> History:
    def act(command: str, key: str, points: int, outcome: Outcome) -> Act:
        return Act(command, key, points, 1.0, 2.0, outcome)

    return History(
        [
            act("sale", "T1", 10, Outcome.ACKNOWLEDGED),
            act("refund", "R1", -4, Outcome.ACKNOWLEDGED),
            act("sale", "T2", 7, Outcome.REFUSED),
            act("sale", "T3", 5, Outcome.UNANSWERED),
        ]
    )


KEPT = Found(Counter(["T1"]), Counter(["R1"]), {"T1": [10], "R1": [-4]}, 6, 0, 0)


def test_a_kept_history_is_without_contradiction_whether_the_unanswered_came_or_not() -> None:
    came = replace(
        KEPT, orders=Counter(["T1", "T3"]), moved={"T1": [10], "R1": [-4], "T3": [5]}, points=11
    )
    assert contradictions(_history(), KEPT) == []
    assert contradictions(_history(), came) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"orders": Counter(), "moved": {"R1": [-4]}, "points": -4}, "sale T1 (acknowledged) is lost"),
        ({"refunds": Counter(), "moved": {"T1": [10]}, "points": 10},
         "refund R1 (acknowledged) is lost"),
        ({"orders": Counter(["T1", "T1"])}, "sale T1 (acknowledged) is there 2 times"),
        ({"moved": {"T1": [10, 10], "R1": [-4]}},
         "sale T1 (acknowledged) moved [10, 10] points, not 10"),
        ({"moved": {"R1": [-4]}}, "sale T1 (acknowledged) moved [] points, not 10"),
        ({"orders": Counter(["T1", "T2"])}, "sale T2 (refused) has had an effect"),
        ({"orders": Counter(["T1", "T3", "T3"])}, "sale T3 (unanswered) is there 2 times"),
        ({"moved": {"T1": [10], "R1": [-4], "T3": [5]}},
         "sale T3 (unanswered) is not there and moved [5] points"),
        ({"orders": Counter(["T1", "T9"])}, "T9 is there and nobody asked for it"),
        ({"moved": {"T1": [10], "R1": [-4], "order 77": [1]}},
         "order 77 is there and nobody asked for it"),
        ({"points": 5}, "accounts hold 5 points, the history comes to 6"),
        ({"unfinished": 2}, "2 rows are unfinished and 0 dead"),
        ({"dead": 1}, "0 rows are unfinished and 1 dead"),
        ({"verified": Verified(1, 2, 10, 1, ())}, "the ledger differs from itself: ()"),
    ],
)  # fmt: skip
def test_each_contradiction_is_told(changes: dict[str, Any], said: str) -> None:
    assert said in contradictions(_history(), replace(KEPT, **changes))


SLOT = datetime(2026, 3, 1, tzinfo=UTC)
ANN, BOB = "Ann", "Bob"


def _chores_and_moves() -> tuple[History, Found]:
    """Two slots, of which one was missed, and two moves that two listeners hear."""
    history = History()
    history.slot(SLOT, "done")
    history.slot(SLOT + timedelta(seconds=2), "missed")
    for number in (1, 2):
        with history.moving([ANN, BOB], number):
            pass
    heard = {who: [move_key(who, 1), move_key(who, 2)] for who in (ANN, BOB)}
    return history, Found(Counter(), Counter(), {chore_key(SLOT): [1]}, 1, 0, 0, None, heard)


def test_chores_and_moves_that_are_kept_contradict_nothing() -> None:
    assert contradictions(*_chores_and_moves()) == []
    assert str(chore_cause(SLOT, 7)).startswith(chore_key(SLOT).removeprefix("chore "))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"moved": {}, "points": 0}, f"chore {chore_key(SLOT)} (acknowledged) is lost"),
        ({"moved": {chore_key(SLOT): [1, 1]}, "points": 2},
         f"chore {chore_key(SLOT)} (acknowledged) is there 2 times"),
        ({"moved": {chore_key(SLOT): [1], chore_key(SLOT + timedelta(seconds=2)): [1]}},
         f"chore {chore_key(SLOT + timedelta(seconds=2))} (refused) has had an effect"),
        ({"heard": {ANN: ["Ann hears 1"], BOB: ["Bob hears 1", "Bob hears 2"]}},
         "move Ann hears 2 (acknowledged) is lost"),
        ({"heard": {ANN: ["Ann hears 1", "Ann hears 1", "Ann hears 2"],
                    BOB: ["Bob hears 1", "Bob hears 2"]}},
         "move Ann hears 1 (acknowledged) is there 2 times"),
        ({"heard": {ANN: ["Ann hears 2", "Ann hears 1"], BOB: ["Bob hears 1", "Bob hears 2"]}},
         "Ann hears 1 after: Ann hears 2"),
        ({"heard": {ANN: ["Ann hears 1", "Ann hears 2", "Ann hears 3"],
                    BOB: ["Bob hears 1", "Bob hears 2"]}},
         "Ann hears 3 is there and nobody asked for it"),
    ],
)  # fmt: skip
def test_each_contradiction_of_chores_and_moves_is_told(changes: dict[str, Any], said: str) -> None:
    history, found = _chores_and_moves()
    assert said in contradictions(history, replace(found, **changes))


def test_a_move_that_was_undone_may_not_be_heard_twice_but_once() -> None:
    history = History()
    with pytest.raises(TimeoutError), history.moving([ANN], 1):
        raise TimeoutError
    nothing = Found(Counter(), Counter(), {}, 0, 0, 0)
    assert contradictions(history, nothing) == []
    assert contradictions(history, replace(nothing, heard={ANN: [move_key(ANN, 1)]})) == []


def test_what_came_after_a_moment_is_left_out() -> None:
    history = _history()
    history.acts[1].answered_at = 9.0
    assert [act.key for act in history.until(5.0).acts] == ["T1", "T2", "T3"]


async def test_it_reads_what_is_there(shop: Shop, runtime: Runtime) -> None:
    history, sale = History(), shop.ticket(phone="138 0013 8000", total="12.50")
    with history.asking("sale", sale["no"], 12):
        await shop.sold(sale)
    refund = shop.refund(sale, "2.50")
    with history.asking("refund", refund["no"], -2):
        await shop.sold(refund)
    async with connection_to(runtime.places.app_dsn) as db:
        found = await find(db, shop.tenant_id, await shop.verified())
        assert found.orders == {sale["no"]: 1}
        assert found.moved == {sale["no"]: [12], refund["no"]: [-2]}
        assert contradictions(history, found) == []
        await shop.send(shop.ticket())  # a message that waits, and the event that it came
        assert (await find(db, shop.tenant_id)).unfinished == 2


def test_a_difference_of_the_ledger_counts() -> None:
    found = replace(KEPT, verified=Verified(1, 2, 10, 1, (Difference("lot", UUID(int=1), 1, 2),)))
    assert len(contradictions(_history(), found)) == 1

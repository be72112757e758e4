"""Where an order stands follows from what was told of it, never from the order in which it came."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.orders.life import (
    OrderContradiction,
    OrderState,
    Standing,
    Told,
    may_say,
    standing,
)

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOTAL = 1000


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Fact:
    """A payment or refund of so much, or something that happened."""

    kind: str
    no: int
    minutes: int
    fen: int = 0


def told(facts: Sequence[Fact], total_fen: int = TOTAL) -> Told:
    """All that is known after these facts, each counted once."""
    known = set(facts)

    def first(kind: str) -> datetime | None:
        return min((at(fact.minutes) for fact in known if fact.kind == kind), default=None)

    return Told(
        total_fen,
        sum(fact.fen for fact in known if fact.kind == "payment"),
        sum(fact.fen for fact in known if fact.kind == "refund"),
        0,
        first("fulfilment"),
        first("completion"),
        first("cancellation"),
    )


FACTS = st.lists(
    st.builds(
        Fact,
        st.sampled_from(
            ["payment", "payment", "refund", "fulfilment", "completion", "cancellation"]
        ),
        st.integers(1, 3),
        st.integers(0, 9),
        st.sampled_from([0, 1, 400, 600, 1000]),
    ),
    max_size=7,
)


@given(FACTS, st.sampled_from([0, 1, TOTAL]))
def test_amounts_add_up_at_every_step_and_any_arrival_ends_alike(
    facts: list[Fact], total_fen: int
) -> None:
    ends = set()
    arrivals = [facts, [*facts, *facts], facts[::-1]]
    for arrival in arrivals:
        for upto in range(len(arrival) + 1):
            stands = standing(told(arrival[:upto], total_fen))
            assert 0 <= stands.refunded_fen <= stands.paid_fen <= total_fen
            assert (stands.completed_at is None) or stands.paid_fen == total_fen
            assert (stands.state is OrderState.CANCELLED) == (stands.cancelled_at is not None)
        ends.add(standing(told(arrival, total_fen)))
    assert len(ends) == 1


@given(FACTS, FACTS)
def test_what_has_come_to_count_goes_on_counting(facts: list[Fact], more: list[Fact]) -> None:
    """No later fact takes back that money was paid or given back, or that a purchase counts: what was
    announced of it stays true."""
    before, after = standing(told(facts)), standing(told(facts + more))
    assert before.paid_fen <= after.paid_fen
    assert before.refunded_fen <= after.refunded_fen
    assert before.completed_at is None or after.completed_at is not None
    assert before.fulfilled_at is None or after.fulfilled_at is not None


WAYS = [
    ((), OrderState.CREATED),
    (("payment",), OrderState.PAID),
    (("fulfilment",), OrderState.FULFILLED),
    (("payment", "fulfilment"), OrderState.FULFILLED),
    (("payment", "fulfilment", "completion"), OrderState.COMPLETED),
    (("completion",), OrderState.FULFILLED),  # not paid for: it does not count
    (("payment", "completion"), OrderState.COMPLETED),
    (("cancellation",), OrderState.CANCELLED),
    (("cancellation", "payment"), OrderState.CANCELLED),
    (("cancellation", "fulfilment"), OrderState.FULFILLED),
    (("payment", "completion", "refund"), OrderState.REFUNDED),
    (("payment", "refund", "cancellation"), OrderState.CANCELLED),
]


@pytest.mark.parametrize(("kinds", "state"), WAYS)
def test_the_ways_of_an_order(kinds: tuple[str, ...], state: OrderState) -> None:
    facts = [Fact(kind, 1, n, TOTAL) for n, kind in enumerate(kinds)]
    for arrival in permutations(facts):
        assert standing(told(arrival)).state is state


@pytest.mark.parametrize(
    ("known", "seen"),
    [
        (Told(TOTAL, 1000), None),
        (Told(TOTAL, 1001), OrderContradiction.PAID_TOO_MUCH),
        (Told(TOTAL, 400, 401), OrderContradiction.REFUNDED_BEYOND_PAID),
        (Told(TOTAL, 1000, 400, 1), OrderContradiction.LINE_REFUNDED_BEYOND),
        (Told(TOTAL, 400, cancelled_at=at(1)), OrderContradiction.CANCELLED_BUT_PAID),
        (Told(TOTAL, 400, 400, cancelled_at=at(1)), None),
        (
            Told(TOTAL, 1000, fulfilled_at=at(2), cancelled_at=at(1)),
            OrderContradiction.CANCELLED_BUT_HANDED_OUT,
        ),
        (Told(TOTAL, 2000, 3000, 5), OrderContradiction.REFUNDED_BEYOND_PAID),  # the gravest
    ],
)
def test_what_cant_all_be_true_is_seen(known: Told, seen: OrderContradiction | None) -> None:
    assert standing(known).contradiction is seen


def test_an_order_that_costs_nothing_is_paid_for() -> None:
    assert standing(Told(0)).state is OrderState.PAID


def _of_whoever_came_first(facts: Sequence[Fact]) -> Standing:
    """As orders are often written: each fact changes the state that it finds, or is refused."""
    stands = Standing(OrderState.CREATED, 0, 0)
    for fact in facts:
        left = stands.paid_fen - stands.refunded_fen
        if fact.kind == "payment" and stands.paid_fen + fact.fen <= TOTAL:
            stands = replace(stands, paid_fen=stands.paid_fen + fact.fen)
        elif fact.kind == "refund" and fact.fen <= left:
            stands = replace(stands, refunded_fen=stands.refunded_fen + fact.fen)
        elif fact.kind == "cancellation" and not stands.fulfilled_at:
            stands = replace(stands, cancelled_at=at(fact.minutes))
        elif fact.kind == "fulfilment" and not stands.cancelled_at:
            stands = replace(stands, fulfilled_at=at(fact.minutes))
    return stands


def test_a_machine_that_decides_as_facts_come_is_found() -> None:
    facts = [Fact("payment", 1, 1, 1000), Fact("refund", 1, 2, 600), Fact("refund", 2, 3, 500)]
    assert len({_of_whoever_came_first(arrival) for arrival in permutations(facts)}) > 1
    assert len({standing(told(arrival)) for arrival in permutations(facts)}) == 1


def test_what_staff_may_say_of_an_order() -> None:
    states = {
        saying: {state.value for state in OrderState if may_say(saying, state.value)}
        for saying in ("fulfil", "complete", "cancel")
    }
    assert states == {
        "fulfil": {"created", "paid"},
        "complete": {"created", "paid", "fulfilled", "partly_refunded"},
        "cancel": {"created", "paid"},
    }

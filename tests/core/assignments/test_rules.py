"""How members are dealt out, by rules without a database."""

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from shuke_core.assignments.rules import by_store, in_turn, to_least_busy

A, B, C = (UUID(int=n) for n in (1, 2, 3))
M = [UUID(int=100 + n) for n in range(8)]


def test_in_turn_goes_on_behind_the_last_and_begins_anew() -> None:
    assert list(in_turn(M[:4], [C, A, B], A).values()) == [B, C, A, B]
    assert list(in_turn(M[:2], [A, B], C).values()) == [A, B]
    assert list(in_turn(M[:2], [A, C], B).values()) == [C, A]  # B has left
    assert in_turn([], [A], None) == {}


def test_the_least_busy_is_given_first() -> None:
    dealt = to_least_busy(M[:5], [A, B, C], {A: 3, C: 1})
    assert list(dealt.values()) == [B, B, C, B, C]


def test_by_store_nobody_of_another_store_is_given_and_who_has_two_counts_both() -> None:
    one, two, three = (UUID(int=n) for n in (11, 12, 13))
    members = {M[0]: one, M[1]: one, M[2]: two, M[3]: three, M[4]: None}
    dealt = by_store(members, {one: [A], two: [A, B]}, {B: 1})
    assert dealt == {M[0]: A, M[1]: A, M[2]: B}


@given(st.integers(0, 60), st.integers(1, 7), st.integers(0, 9))
def test_turns_that_follow_each_other_are_fair(members: int, advisors: int, cut: int) -> None:
    """However the members are split over two rounds, nobody is ahead by more than one."""
    people = [UUID(int=1000 + n) for n in range(members)]
    there = [UUID(int=1 + n) for n in range(advisors)]
    first = in_turn(people[:cut], there, None)
    last = first[people[:cut][-1]] if first else None
    counts = Counter([*first.values(), *in_turn(people[cut:], there, last).values()])
    shares = [counts.get(each, 0) for each in there]
    assert max(shares) - min(shares) <= 1
    assert sum(shares) == members

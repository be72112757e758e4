"""How members are dealt out among advisors. No I/O.

Every rule takes members and advisors in a fixed order, so that the same question has one answer.
"""

from collections.abc import Mapping, Sequence
from heapq import heapify, heapreplace
from uuid import UUID

Dealt = dict[UUID, UUID]  # advisor by member


def in_turn(members: Sequence[UUID], advisors: Sequence[UUID], last: UUID | None) -> Dealt:
    """One after the other, beginning behind `last`: who is gone leaves their place in the order."""
    order = sorted(advisors)
    first = next((at for at, each in enumerate(order) if last is not None and each > last), 0)
    return {member: order[(first + number) % len(order)] for number, member in enumerate(members)}


def to_least_busy(
    members: Sequence[UUID], advisors: Sequence[UUID], load: Mapping[UUID, int]
) -> Dealt:
    """Each member to whoever then has the fewest; of equals the first by id."""
    waiting = [(load.get(each, 0), each) for each in advisors]
    heapify(waiting)
    dealt: Dealt = {}
    for member in members:
        has, advisor = waiting[0]
        dealt[member] = advisor
        heapreplace(waiting, (has + 1, advisor))
    return dealt


def by_store(
    members: Mapping[UUID, UUID | None],
    advisors_of: Mapping[UUID, Sequence[UUID]],
    load: Mapping[UUID, int],
) -> Dealt:
    """Each member to the least busy advisor of their store; left out where a store has none.

    `members` are mapped to their stores. Who works at several stores counts what they are given
    in one before the next is dealt.
    """
    carried, dealt = dict(load), Dealt()
    for store, advisors in sorted(advisors_of.items()):
        theirs = to_least_busy([m for m, at in members.items() if at == store], advisors, carried)
        for advisor in theirs.values():
            carried[advisor] = carried.get(advisor, 0) + 1
        dealt |= theirs
    return dealt

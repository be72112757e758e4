"""The verbs of assignment: give members to an advisor by hand, deal them out, hand them over.

All write through `_give`: the member's row, the history and the event go together. Members are
locked in the order of their ids, and whoever deals out locks the tenant's turn before reading
anything, so that two who deal at once deal one after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shuke_core.assignments.errors import (
    AdvisorAway,
    AdvisorUnknown,
    NobodyToAssign,
    TooManyMembers,
)
from shuke_core.assignments.events import MemberAssigned
from shuke_core.assignments.queries import AssignmentWay
from shuke_core.assignments.rules import by_store, in_turn, to_least_busy
from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.conditions import Conditions
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.staff.leaving import when_somebody_leaves
from shuke_core.staff.presence import present
from shuke_core.staff.roles import advising_roles

MOST = 1_000  # members that one act gives away; whoever has more to give asks again
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which members: those named, else those that the rest describes, the first by id.

    Without an advisor and without `unassigned` it does not matter whose they are.
    """

    ids: Sequence[UUID] | None = None
    store_id: UUID | None = None
    advisor_id: UUID | None = None
    unassigned: bool = False


@dataclass(frozen=True, slots=True)
class _Picked:
    id: UUID
    advisor_id: UUID | None
    store_id: UUID | None


async def assign_members(chosen: Chosen, advisor_id: UUID | None, reason: str = "") -> int:
    """Gives the chosen members to the advisor, or to nobody; returns how many changed hands.

    Ids that are not there (or not the asker's to see) change nothing, as those of members who are
    the advisor's already. Raises AdvisorUnknown, AdvisorAway, TooManyMembers.
    """
    if advisor_id is not None:
        await _check_present(advisor_id)
    members = await _lock(chosen)
    return await _give(dict.fromkeys(members, advisor_id), AssignmentWay.BY_HAND, reason)


async def assign_automatically(chosen: Chosen, way: AssignmentWay, reason: str = "") -> int:
    """Deals out those of the chosen members who have no advisor; returns how many.

    In turn, to the least busy, or to the least busy of the member's store: a member without a
    store, or of one without advisors, stays without. Raises NobodyToAssign, TooManyMembers.
    """
    last = await _lock_turn()
    advisors = await _present_advisors()
    if not advisors:
        raise NobodyToAssign()
    members = [each for each in await _lock(chosen) if each.advisor_id is None]
    ids = [each.id for each in members]
    if way is AssignmentWay.ROUND_ROBIN:
        dealt = in_turn(ids, list(advisors), last)
        if dealt:
            await _keep_turn(dealt[ids[-1]])
    elif way is AssignmentWay.LEAST_BUSY:
        dealt = to_least_busy(ids, list(advisors), await _load(list(advisors)))
    else:
        at_store: dict[UUID, list[UUID]] = {}
        for advisor, stores in advisors.items():
            for store in stores:
                at_store.setdefault(store, []).append(advisor)
        dealt = by_store({m.id: m.store_id for m in members}, at_store, await _load(list(advisors)))
    return await _give({m: dealt[m.id] for m in members if m.id in dealt}, way, reason)


async def hand_over(advisor_id: UUID, to: UUID | None, reason: str = "") -> int:
    """Gives all members of an advisor to another, or to nobody; returns how many they were.

    Raises AdvisorUnknown and AdvisorAway of whoever is to take them.
    """
    if to is not None:
        await _check_present(to)
    if to == advisor_id:
        return 0
    moved = 0
    while members := await _lock(Chosen(advisor_id=advisor_id)):
        moved += await _give(dict.fromkeys(members, to), AssignmentWay.HAND_OVER, reason)
    return moved


@when_somebody_leaves
async def _hand_over_of_who_leaves(advisor_id: UUID, to: UUID | None) -> None:
    await hand_over(advisor_id, to, "left")


async def _check_present(advisor_id: UUID) -> None:
    """Locks the row, so that nobody leaves while they are given members."""
    row = await fetch_one(
        f"SELECT s.name, {present('s', '$3')} AS present, s.state FROM staff s "
        "WHERE s.tenant_id = $1 AND s.id = $2 FOR SHARE",
        *(advisor_id, clock.now()),
    )
    if row is None or row["state"] != "active":
        raise AdvisorUnknown()
    if not row["present"]:
        raise AdvisorAway(name=row["name"])


async def _lock(chosen: Chosen) -> list[_Picked]:
    """The chosen members who are active, by id, locked."""
    if chosen.ids is not None and len(chosen.ids) > MOST:
        raise TooManyMembers(most=MOST)
    wanted = Conditions("tenant_id = $1", "state = 'active'")
    wanted.when(
        # CASE leaks nothing, so that row security lets the index serve; COALESCE might.
        "id IN (SELECT CASE WHEN a.merged_into_id IS NULL THEN a.id ELSE a.merged_into_id END "
        "FROM member a "
        "WHERE a.tenant_id = $1 AND a.id = ANY ({}::uuid[]))",
        None if chosen.ids is None else list(chosen.ids),
    )
    wanted.when("store_id = {}", chosen.store_id).when("advisor_id = {}", chosen.advisor_id)
    if chosen.unassigned:
        wanted.when("(advisor_id IS NULL) = {}", True)
    limit = wanted.limit(MOST)
    rows = await fetch(
        f"SELECT id, advisor_id, store_id FROM member WHERE {wanted} ORDER BY id LIMIT {limit} "
        "FOR UPDATE",
        *wanted.values,
    )
    return [_Picked(**row) for row in rows]


async def _lock_turn() -> UUID | None:
    """Whose turn it was last. Holds the tenant's row, fresh after any wait, until the commit."""
    rows = await fetch(
        "INSERT INTO assignment_turn AS t (tenant_id, id) VALUES ($1, $2) "
        "ON CONFLICT (tenant_id) DO UPDATE SET advisor_id = t.advisor_id RETURNING advisor_id",
        new_id(),
    )
    last: UUID | None = rows[0]["advisor_id"]
    return last


async def _keep_turn(advisor_id: UUID) -> None:
    await fetch("UPDATE assignment_turn SET advisor_id = $2 WHERE tenant_id = $1", advisor_id)


async def _present_advisors() -> dict[UUID, list[UUID]]:
    """Everybody in an advising role who is there, with their stores. Their rows are held, so that
    nobody leaves while they are given members."""
    held = await fetch(
        "SELECT s.id FROM staff s WHERE s.tenant_id = $1 AND s.role = ANY ($2::text[]) "
        f"AND {present('s', '$3')} ORDER BY s.id FOR SHARE",
        *(await advising_roles(), clock.now()),
    )
    found: dict[UUID, list[UUID]] = {row["id"]: [] for row in held}
    stores = await fetch(
        "SELECT staff_id, store_id FROM staff_store WHERE tenant_id = $1 "
        "AND staff_id = ANY ($2::uuid[]) ORDER BY store_id",
        list(found),
    )
    for row in stores:
        found[row["staff_id"]].append(row["store_id"])
    return found


async def _load(advisors: Sequence[UUID]) -> dict[UUID, int]:
    """How many active members each of them has."""
    rows = await fetch(
        "SELECT advisor_id, count(*) AS has FROM member WHERE tenant_id = $1 "
        "AND advisor_id = ANY ($2::uuid[]) AND state = 'active' GROUP BY advisor_id",
        list(advisors),
    )
    return {row["advisor_id"]: row["has"] for row in rows}


async def _give(given: Mapping[_Picked, UUID | None], way: AssignmentWay, reason: str) -> int:
    """Writes what was decided about locked members: the row, the history, one event each."""
    changed = {m: to for m, to in given.items() if m.advisor_id != to}
    if not changed:
        return 0
    actor = current_actor()
    await fetch(
        """
        WITH given AS (
            SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS t(id, member_id, advisor_id)
        ), moved AS (
            UPDATE member m SET advisor_id = g.advisor_id FROM given g
             WHERE m.tenant_id = $1 AND m.id = g.member_id
        )
        INSERT INTO assignment (tenant_id, id, member_id, advisor_id, way, reason, actor_id,
                                actor_name, assigned_at)
        SELECT $1, g.id, g.member_id, g.advisor_id, $5, $6, $7, $8, $9 FROM given g
        """,
        [new_id() for _ in changed],
        [member.id for member in changed],
        list(changed.values()),
        *(way.value, reason[:_LONGEST_REASON], actor.id if actor.kind == "staff" else None),
        *(actor.name, clock.now()),
    )
    for member, to in changed.items():
        announce(MemberAssigned(member.id, to, member.advisor_id))
    await record(
        "members.assigned",
        f"way:{way.value}",
        changes={"members": (None, len(changed)), "advisors": (None, _told(changed))},
        # The reason stands with each assignment until its member is erased, and nowhere else.
    )
    return len(changed)


def _told(changed: Mapping[_Picked, UUID | None]) -> list[str]:
    return sorted({str(to) if to else "nobody" for to in changed.values()})

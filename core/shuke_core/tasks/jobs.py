"""What the worker does for tasks: they go where their people and members go."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.assignments.events import MemberAssigned
from shuke_core.events.reactions import Event, Reaction, register_reaction
from shuke_core.kit.transactions import fetch
from shuke_core.staff.events import StaffChanged
from shuke_core.tasks.services import follow_member, hand_over_all


async def hand_over_of_leavers(events: Sequence[Event]) -> None:
    """Of the people whom something has happened to, those who work here no more."""
    people = {UUID(event.payload["staff_id"]) for event in events}
    rows = await fetch(
        "SELECT id, role FROM staff WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) "
        "AND state = 'left' ORDER BY id",
        list(people),
    )
    for row in rows:
        await hand_over_all(row["id"], row["role"])


async def follow_members(events: Sequence[Event]) -> None:
    """Tasks about a member stay with who sees the member, whoever that was meanwhile: for one who
    is the advisor again by now, it changes nothing but that the task is open anew."""
    for event in events:
        if event.payload["previous_id"] is not None:
            await follow_member(
                UUID(event.payload["member_id"]), UUID(event.payload["previous_id"])
            )


register_reaction(Reaction("tasks.hand_over", frozenset({StaffChanged.type}), hand_over_of_leavers))
register_reaction(
    Reaction("tasks.follow_members", frozenset({MemberAssigned.type}), follow_members)
)

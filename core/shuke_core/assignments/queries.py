"""Reads of assignment: a member's advisor, and who has been it before."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.kit.transactions import fetch_one
from shuke_core.members.queries import Member
from shuke_core.projection.declare import ID, Page, Projection, column, one, pages


class AssignmentWay(Enum):
    """How it was decided who gets a member."""

    BY_HAND = "by_hand"
    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"
    BY_STORE = "by_store"
    HAND_OVER = "hand_over"


class Advisor(Projection, table="staff"):
    """Somebody of the staff who looks after members."""

    id: ID
    handle: str
    name: str


class Assignment(Projection, table="assignment"):
    """A member was given to somebody, or to nobody."""

    id: ID
    advisor: Advisor | None = one("this.id = parent.advisor_id")
    way: AssignmentWay
    reason: str
    by: str = column("actor_name")
    assigned_at: datetime


class MemberAssignments(Projection, joins=Member):
    """A member's advisor, and the history of it."""

    advisor: Advisor | None = one("this.id = parent.advisor_id")
    assignments: Page[Assignment] = pages("this.member_id = parent.id", newest="assigned_at")


async def advisor_of(member_id: UUID) -> UUID | None:
    """Who looks after the member now; None for nobody, and for a member that is not there."""
    row = await fetch_one(
        "SELECT advisor_id FROM member WHERE tenant_id = $1 AND id = $2", member_id
    )
    return row["advisor_id"] if row else None

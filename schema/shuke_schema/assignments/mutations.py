"""Mutations of the staff API that give members to advisors."""

from collections.abc import Awaitable, Callable
from enum import Enum

import strawberry

from shuke_core.access.permissions import MEMBERS_ASSIGN
from shuke_core.access.rights import FieldClass
from shuke_core.assignments.queries import AssignmentWay
from shuke_core.assignments.services import assign_automatically, assign_members, hand_over
from shuke_schema.assignments.inputs import MemberChoice
from shuke_schema.context import id_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why members were not given to anybody.")
class AssignmentErrorCode(Enum):
    ADVISOR_UNKNOWN = "ADVISOR_UNKNOWN"
    ADVISOR_AWAY = "ADVISOR_AWAY"
    NOBODY_TO_ASSIGN = "NOBODY_TO_ASSIGN"
    TOO_MANY_MEMBERS = "TOO_MANY_MEMBERS"


@strawberry.type(description="Why members were not given to anybody.")
class AssignmentError(Failure[AssignmentErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class AssignmentPayload:
    assigned: int = strawberry.field(description="How many members changed hands.")
    errors: list[AssignmentError]


@strawberry.enum(description="How members are dealt out.")
class Dealing(Enum):
    ROUND_ROBIN = strawberry.enum_value("round_robin", description="One after the other.")
    LEAST_BUSY = strawberry.enum_value("least_busy", description="To who has the fewest.")
    BY_STORE = strawberry.enum_value(
        "by_store", description="To who has the fewest of those who work at the member's store."
    )


_FAILURES = Failures(
    AssignmentError,
    AssignmentErrorCode,
    {
        "ADVISOR_UNKNOWN": "advisorId",
        "ADVISOR_AWAY": "advisorId",
        "TOO_MANY_MEMBERS": "members",
    },
)


async def _done(act: Callable[[], Awaitable[int]]) -> AssignmentPayload:
    assigned, errors = await _FAILURES.attempt(act)
    return AssignmentPayload(assigned=assigned or 0, errors=errors)


@strawberry.type
class AssignmentsMutation:
    @strawberry.mutation(
        description="Gives members to an advisor; without `advisorId` to nobody. Ids that are not "
        "there, or not yours to see, change nothing.",
        metadata=asks(Audience.STAFF, MEMBERS_ASSIGN),
    )
    async def assign_members(
        self, members: MemberChoice, advisor_id: strawberry.ID | None = None, reason: str = ""
    ) -> AssignmentPayload:
        advisor = None if advisor_id is None else id_of(advisor_id) or NOBODY
        chosen = await members.chosen()
        return await _done(lambda: assign_members(chosen, advisor, reason))

    @strawberry.mutation(
        description="Deals out those of the members whom nobody looks after, among advisors who "
        "are there: never to somebody who has left or is away.",
        metadata=asks(Audience.STAFF, MEMBERS_ASSIGN),
    )
    async def assign_automatically(
        self, members: MemberChoice, way: Dealing, reason: str = ""
    ) -> AssignmentPayload:
        chosen = await members.chosen()
        return await _done(lambda: assign_automatically(chosen, AssignmentWay(way.value), reason))

    @strawberry.mutation(
        description="Gives all members of one advisor to another; without `to` to nobody.",
        metadata=asks(Audience.STAFF, MEMBERS_ASSIGN),
    )
    async def hand_over(
        self, advisor_id: strawberry.ID, to: strawberry.ID | None = None, reason: str = ""
    ) -> AssignmentPayload:
        of, heir = id_of(advisor_id) or NOBODY, None if to is None else id_of(to) or NOBODY
        return await _done(lambda: hand_over(of, heir, reason))

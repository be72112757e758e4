"""Reads of people's requests: what the API shows of them, and where it comes from."""

from datetime import datetime
from uuid import UUID

from shuke_core.members.queries import Member
from shuke_core.personal_data.rules import PersonalDataRight, RightsRequestState
from shuke_core.projection.declare import ID, Projection, many, one, python, sql
from shuke_core.projection.reads import Read


class RightsRequest(Projection, table="rights_request"):
    """Something that a member asked for by right."""

    id: ID
    kind: PersonalDataRight
    state: RightsRequestState
    note: str | None = python("id", "member_id", "note")
    answer: str | None = python("id", "member_id", "answer")
    asked_at: datetime
    due_on: str = sql("to_char(this.due_on, 'YYYY-MM-DD')")
    acts_at: datetime | None
    done_at: datetime | None
    # For staff alone:
    member: Member = one("this.id = parent.member_id")


class MemberRightsRequests(Projection, joins=Member):
    """What a member asked for."""

    rights_requests: list[RightsRequest] = many(
        "this.member_id = parent.id", order="this.asked_at desc, this.id desc", limit=50
    )


def request_of_id(request_id: UUID) -> Read:
    """A request, by id."""
    return Read.one(RightsRequest, "this.id = :id", given={"id": request_id})


def open_requests(first: int, after: str | None) -> Read:
    """Requests that wait for an answer, the newest first."""
    given = {"first": first, "after": after}
    return Read.page(
        RightsRequest,
        "this.state = 'open'",
        newest="asked_at",
        listed="rights_requests",
        given=given,
    )

"""Reads of interactions and forms: what the API shows of them, and where it comes from."""

from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.access.rights import FieldClass
from shuke_core.interactions.rules import Kind
from shuke_core.members.queries import Member
from shuke_core.projection.declare import ID, Page, Projection, column, one, pages, python
from shuke_core.projection.reads import Read
from shuke_core.tasks.queries import Task

_OF_PROGRAMS = "case when this.source is null then '' else this.{} end"


class FollowUpState(Enum):
    """How far the follow-up of an interaction has come."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Form(Projection, table="form"):
    """A form, in the version that was filled in or is to be."""

    id: ID
    key: str
    version: int
    label_zh: str
    label_en: str
    questions: str = python("questions")


class FollowUp(Projection, table="interaction_follow_up"):
    """How an interaction is followed up."""

    state: FollowUpState
    answer: str | None = python("id", "member_id", "answer")
    ended_at: datetime | None


class Interaction(Projection, table="interaction"):
    """Something that a member said or did."""

    id: ID
    kind: Kind
    form: Form | None = one("this.id = parent.form_id")
    channel: str
    # A member's app may put anything there; what programs tell are names.
    scene: str = column("scene", see=FieldClass.CONTACT, mask=_OF_PROGRAMS.format("scene"))
    subject: str = column("subject", see=FieldClass.CONTACT, mask=_OF_PROGRAMS.format("subject"))
    rating: int | None
    text: str | None = python("id", "member_id", "sealed")
    answers: str | None = python("id", "member_id", "sealed")
    recorded_at: datetime
    follow_up: FollowUp | None = one("this.interaction_id = parent.id")
    # For staff alone:
    member: Member = one("this.id = parent.member_id")
    task: Task | None = one("this.interaction_id = parent.id")


class MemberInteractions(Projection, joins=Member):
    """A member's interactions."""

    interactions: Page[Interaction] = pages("this.member_id = parent.id", newest="recorded_at")


class TaskInteraction(Projection, joins=Task):
    """What a task came of."""

    interaction: Interaction | None = one("this.id = parent.interaction_id")


def current_forms() -> Read:
    """The forms that may be filled in, by key."""
    return Read.many(Form, "this.state = 'current'", order="this.key, this.id", given={})


def form_of_id(form_id: UUID) -> Read:
    """A version of a form."""
    return Read.one(Form, "this.id = :id", given={"id": form_id})


def interaction_of_id(interaction_id: UUID) -> Read:
    """An interaction; whether its asker may see it is for the caller to know."""
    return Read.one(Interaction, "this.id = :id", given={"id": interaction_id})


def newest_interactions(first: int, after: str | None, *, open_only: bool) -> Read:
    """Interactions, newest first; those alone that wait for an answer if so asked."""
    waiting = (
        "exists (select from interaction_follow_up f where f.tenant_id = :tenant "
        "and f.interaction_id = this.id and f.state = 'open')"
    )
    return Read.page(
        Interaction,
        *((waiting,) if open_only else ()),
        newest="recorded_at",
        listed="interactions.open" if open_only else "interactions",
        given={"first": first, "after": after},
    )

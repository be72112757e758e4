"""GraphQL types of interactions (互动) and forms (表单)."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import orjson
import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import INTERACTIONS_READ, MEMBERS_READ, TASKS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.interactions.queries import FollowUp as FollowUpRow
from shuke_core.interactions.queries import FollowUpState
from shuke_core.interactions.queries import Form as FormRow
from shuke_core.interactions.queries import Interaction as InteractionRow
from shuke_core.interactions.rules import Kind, QuestionType, Rule
from shuke_core.interactions.rules import Question as QuestionRow
from shuke_schema.members.texts import opened
from shuke_schema.rights import needs, shown_as, shows
from shuke_schema.tasks.types import Task

if TYPE_CHECKING:
    from shuke_schema.members.types import Member

InteractionKind = strawberry.enum(Kind, description="What an interaction is.")
QuestionTypeEnum = strawberry.enum(
    QuestionType, description="What a question of a form is answered with."
)
strawberry.enum(FollowUpState, description="How far the follow-up of an interaction has come.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A question of a form.")
class FormQuestion:
    key: str = strawberry.field(description="Under which it is answered.")
    label_zh: str
    label_en: str
    type: QuestionType
    required: bool
    most: int | None = strawberry.field(
        description="The longest text, or the largest number, that is taken."
    )
    choices: list[str]

    @classmethod
    def of(cls, asked: QuestionRow) -> "FormQuestion":
        return cls(
            key=asked.key,
            label_zh=asked.zh,
            label_en=asked.en,
            type=asked.type,
            required=asked.required,
            most=asked.most,
            choices=list(asked.choices),
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A form (表单), in the version that was or is to be filled in.")
class Form:
    id: strawberry.ID
    key: str
    version: int
    label_zh: str
    label_en: str

    @strawberry.field
    def questions(self, parent: strawberry.Parent[FormRow]) -> list[FormQuestion]:
        return [FormQuestion.of(QuestionRow.of(each)) for each in parent.questions]  # type: ignore[arg-type]


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How an interaction is followed up.")
class FollowUp:
    state: FollowUpState
    ended_at: datetime | None

    @strawberry.field(
        description="What the member was answered.", metadata=shown_as(FieldClass.CONTACT)
    )
    async def answer(self, parent: strawberry.Parent[FollowUpRow]) -> str | None:
        row = parent
        member_id: str = row.member_id  # type: ignore[attr-defined]
        row_id: str = row.id  # type: ignore[attr-defined]
        return await opened("interaction_follow_up", row_id, "answer", member_id, row.answer)


async def _said(row: InteractionRow, part: str) -> JSON | None:
    member_id, sealed = row.member_id, row.sealed  # type: ignore[attr-defined]
    text = await opened("interaction", row.id, "sealed", member_id, sealed)
    return None if text is None else orjson.loads(text).get(part)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that a member said or did; it never changes.")
class Interaction:
    id: strawberry.ID
    kind: Kind
    form: Form | None
    channel: str
    scene: str = strawberry.field(metadata=shown_as(FieldClass.CONTACT, masked=True))
    subject: str = strawberry.field(
        description="What it is about, such as a campaign.",
        metadata=shown_as(FieldClass.CONTACT, masked=True),
    )
    rating: int | None = strawberry.field(description="One to five; of feedback.")
    recorded_at: datetime
    follow_up: FollowUp | None = strawberry.field(
        description="Null where nothing has to be followed up."
    )

    @strawberry.field(
        description="What the member wrote; null also when they have been erased.",
        metadata=shown_as(FieldClass.CONTACT),
    )
    async def text(self, parent: strawberry.Parent[InteractionRow]) -> str | None:
        return await _said(parent, "text")  # type: ignore[return-value]

    @strawberry.field(
        description="The answers to the form, by the questions' keys.",
        metadata=shown_as(FieldClass.CONTACT),
    )
    async def answers(self, parent: strawberry.Parent[InteractionRow]) -> JSON | None:
        return await _said(parent, "answers")


@strawberry.type
class InteractionForStaff:
    """What staff see of an interaction beside."""

    member: Annotated["Member", strawberry.lazy("shuke_schema.members.types")] = strawberry.field(
        metadata=needs(MEMBERS_READ)
    )
    task: Task | None = strawberry.field(
        description="What it has become, if its rule makes tasks.", metadata=needs(TASKS_READ)
    )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="What becomes of interactions of a kind, or of one form.")
class FollowUpRule:
    kind: Kind
    form: str | None = strawberry.field(description="The key; null: whatever has no own rule.")
    makes_task: bool
    to_advisor: bool = strawberry.field(description="Whether the member's advisor gets it.")
    role: str = strawberry.field(
        description="Who gets it where there is no advisor, and when it is overdue and untouched."
    )
    due_minutes: int

    @classmethod
    def of(cls, rule: Rule) -> "FollowUpRule":
        return cls(
            kind=rule.kind,
            form=rule.form or None,
            makes_task=rule.makes_task,
            to_advisor=rule.to_advisor,
            role=rule.role,
            due_minutes=rule.due_minutes,
        )


@strawberry.type
class TaskOfInteraction:
    """What tasks have to do with interactions."""

    interaction: Interaction | None = strawberry.field(
        description="What it came of.", metadata=needs(INTERACTIONS_READ)
    )

"""Mutations of the staff API about interactions: answer, close; forms and rules of follow-up."""

from collections.abc import Awaitable, Callable
from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import INTERACTIONS_ANSWER, INTERACTIONS_CONFIGURE
from shuke_core.access.rights import FieldClass
from shuke_core.interactions.errors import InteractionUnknown
from shuke_core.interactions.follow_up import set_follow_up_rule
from shuke_core.interactions.forms import close_form, save_form
from shuke_core.interactions.queries import form_of_id, interaction_of_id
from shuke_core.interactions.rules import Kind, Question, QuestionType, Rule
from shuke_core.interactions.services import answer_interaction, close_interaction
from shuke_core.tasks.services import Doer
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.interactions.types import FollowUpRule, Form, Interaction
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.tasks.mutations import doer_of


@strawberry.enum(description="Why an act on an interaction, a form or a rule was refused.")
class InteractionErrorCode(Enum):
    INTERACTION_UNKNOWN = "INTERACTION_UNKNOWN"
    INTERACTION_NOT_OPEN = "INTERACTION_NOT_OPEN"
    INTERACTION_TEXT_INVALID = "INTERACTION_TEXT_INVALID"
    FORM_UNKNOWN = "FORM_UNKNOWN"
    FORM_INVALID = "FORM_INVALID"
    FOLLOW_UP_RULE_INVALID = "FOLLOW_UP_RULE_INVALID"


@strawberry.type(description="Why an act on an interaction, a form or a rule was refused.")
class InteractionError(Failure[InteractionErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class InteractionPayload:
    interaction: Interaction | None = None
    errors: list[InteractionError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class FormPayload:
    form: Form | None = None
    errors: list[InteractionError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class FollowUpRulePayload:
    rule: FollowUpRule | None = None
    errors: list[InteractionError] = strawberry.field(default_factory=list)


@strawberry.input(description="A question of a form.")
class FormQuestionInput:
    key: str = strawberry.field(description="1 to 40 of a-z, 0-9 and _, a letter first.")
    label_zh: str
    label_en: str
    type: QuestionType
    required: bool = False
    most: int | None = None
    choices: list[str] = strawberry.field(default_factory=list)

    def asked(self) -> Question:
        """As the domain knows it."""
        labels = (self.label_zh, self.label_en)
        return Question(self.key, *labels, self.type, self.required, self.most, tuple(self.choices))


@strawberry.input(description="What becomes of interactions of a kind, or of one form.")
class FollowUpRuleInput:
    kind: Kind
    role: str
    due_minutes: int = 60
    form: str | None = None
    makes_task: bool = True
    to_advisor: bool = True


_FAILURES = Failures(
    InteractionError,
    InteractionErrorCode,
    {
        "INTERACTION_UNKNOWN": "id",
        "INTERACTION_TEXT_INVALID": "answer",
        "FORM_UNKNOWN": "key",
        "FOLLOW_UP_RULE_INVALID": "rule",
    },
)


async def _ended(
    info: ShukeInfo, id: strawberry.ID, act: Callable[[UUID, Doer], Awaitable[None]]
) -> InteractionPayload:
    async def attempt() -> UUID:
        interaction_id = id_of(id)
        if interaction_id is None:
            raise InteractionUnknown()
        await act(interaction_id, doer_of(info))
        return interaction_id

    done, errors = await _FAILURES.attempt(attempt)
    shown = answered_by(interaction_of_id(done)) if done else None
    return InteractionPayload(interaction=shown, errors=errors)


@strawberry.type
class InteractionsMutation:
    @strawberry.mutation(
        description="Answers what a member asked; they can read it. Its task is done with it.",
        metadata=asks(Audience.STAFF, INTERACTIONS_ANSWER),
    )
    async def answer_interaction(
        self, info: ShukeInfo, id: strawberry.ID, answer: str
    ) -> InteractionPayload:
        return await _ended(info, id, lambda asked, doer: answer_interaction(asked, doer, answer))

    @strawberry.mutation(
        description="Closes an interaction without an answer; its task is cancelled.",
        metadata=asks(Audience.STAFF, INTERACTIONS_ANSWER),
    )
    async def close_interaction(
        self, info: ShukeInfo, id: strawberry.ID, reason: str = ""
    ) -> InteractionPayload:
        return await _ended(info, id, lambda asked, doer: close_interaction(asked, doer, reason))

    @strawberry.mutation(
        description="Makes a form, or a new version of it. What was answered keeps its version.",
        metadata=asks(Audience.STAFF, INTERACTIONS_CONFIGURE),
    )
    async def save_form(
        self, key: str, label_zh: str, label_en: str, questions: list[FormQuestionInput]
    ) -> FormPayload:
        asked = [question.asked() for question in questions]
        form_id, errors = await _FAILURES.attempt(lambda: save_form(key, label_zh, label_en, asked))
        return FormPayload(
            form=answered_by(form_of_id(form_id)) if form_id else None, errors=errors
        )

    @strawberry.mutation(
        description="Nobody can fill the form in any more; what was answered stays.",
        metadata=asks(Audience.STAFF, INTERACTIONS_CONFIGURE),
    )
    async def close_form(self, key: str) -> FormPayload:
        _, errors = await _FAILURES.attempt(lambda: close_form(key))
        return FormPayload(errors=errors)

    @strawberry.mutation(
        description="Says what becomes of interactions of a kind, or of one form.",
        metadata=asks(Audience.STAFF, INTERACTIONS_CONFIGURE),
    )
    async def set_follow_up_rule(self, rule: FollowUpRuleInput) -> FollowUpRulePayload:
        wanted = Rule(
            rule.kind,
            form=rule.form or "",
            makes_task=rule.makes_task,
            to_advisor=rule.to_advisor,
            role=rule.role,
            due_minutes=rule.due_minutes,
        )
        _, errors = await _FAILURES.attempt(lambda: set_follow_up_rule(wanted))
        return FollowUpRulePayload(rule=None if errors else FollowUpRule.of(wanted), errors=errors)

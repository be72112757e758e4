"""Mutations of the member API: what a member submits by themselves."""

from collections.abc import Mapping
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.rights import FieldClass
from shuke_core.interactions.queries import interaction_of_id
from shuke_core.interactions.rules import Kind
from shuke_core.interactions.services import NewInteraction, record_interaction
from shuke_schema.context import ShukeInfo
from shuke_schema.interactions.types import Interaction
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ONESELF, asks, shows


@strawberry.enum(description="Why a submission was refused.")
class SubmissionErrorCode(Enum):
    FORM_UNKNOWN = "FORM_UNKNOWN"
    ANSWERS_INVALID = "ANSWERS_INVALID"
    INTERACTION_TEXT_INVALID = "INTERACTION_TEXT_INVALID"
    INTERACTION_INVALID = "INTERACTION_INVALID"
    INTERACTIONS_TOO_MANY = "INTERACTIONS_TOO_MANY"
    IDEMPOTENCY_KEY_INVALID = "IDEMPOTENCY_KEY_INVALID"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


@strawberry.type(description="Why a submission was refused.")
class SubmissionError(Failure[SubmissionErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class SubmissionPayload:
    interaction: Interaction | None = None
    errors: list[SubmissionError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    SubmissionError,
    SubmissionErrorCode,
    {
        "FORM_UNKNOWN": "form",
        "ANSWERS_INVALID": "answers",
        "INTERACTION_TEXT_INVALID": "text",
        "IDEMPOTENCY_KEY_INVALID": "idempotencyKey",
        "IDEMPOTENCY_KEY_REUSED": "idempotencyKey",
    },
)


async def _submitted(
    info: ShukeInfo, idempotency_key: str, kind: Kind, said: Mapping[str, Any]
) -> SubmissionPayload:
    member_id = info.context.member_id
    assert member_id is not None  # noqa: S101 (visitors may not ask for it)

    async def act() -> Mapping[str, Any]:
        return {"id": str(await record_interaction(NewInteraction(member_id, kind, **said)))}

    done, errors = await _FAILURES.attempt_once(info, idempotency_key, said, act)
    made = answered_by(interaction_of_id(UUID(done["id"]))) if done else None
    return SubmissionPayload(interaction=made, errors=errors)


@strawberry.type
class SubmissionsMutation:
    @strawberry.mutation(
        description="Asks something, or fills in a form (`form` is its key, `answers` by the keys "
        "of its questions). It goes to whoever looks after the member. 30 an hour.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def submit_inquiry(
        self,
        info: ShukeInfo,
        idempotency_key: str,
        text: str | None = None,
        form: str | None = None,
        answers: JSON | None = None,
        scene: str = "",
        subject: str = "",
    ) -> SubmissionPayload:
        said: dict[str, Any] = {"text": text, "scene": scene, "subject": subject}
        if form is None:
            return await _submitted(info, idempotency_key, Kind.INQUIRY, said)
        said |= {"form": form, "answers": {} if answers is None else answers}
        return await _submitted(info, idempotency_key, Kind.FORM, said)

    @strawberry.mutation(
        description="Rates something from one to five, in words as well if the member likes.",
        metadata=asks(Audience.MEMBER, ONESELF),
    )
    async def give_feedback(
        self,
        info: ShukeInfo,
        idempotency_key: str,
        rating: int,
        text: str | None = None,
        scene: str = "",
        subject: str = "",
    ) -> SubmissionPayload:
        said = {"text": text, "rating": rating, "scene": scene, "subject": subject}
        return await _submitted(info, idempotency_key, Kind.FEEDBACK, said)

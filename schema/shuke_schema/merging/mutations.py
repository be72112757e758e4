"""Mutations of the staff API that merge members, and undo it."""

from enum import Enum
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_MERGE, STAFF_MANAGE
from shuke_core.access.rights import FieldClass
from shuke_core.members.queries import member_of_id
from shuke_core.merging.decisions import decide_merge
from shuke_core.merging.services import dismiss_candidate, undo_merge
from shuke_core.merging.window import set_undo_days
from shuke_schema.context import ShukeInfo, id_of, opaque
from shuke_schema.members.types import Member
from shuke_schema.merging.inputs import MergeChoice, chosen
from shuke_schema.merging.types import MergeSettings
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.staff.mutations import STEP_UP, grant_of


@strawberry.enum(description="Why members were not merged, or a merge was not undone.")
class MergeErrorCode(Enum):
    MEMBER_UNKNOWN = "MEMBER_UNKNOWN"
    MEMBERS_CANNOT_MERGE = "MEMBERS_CANNOT_MERGE"
    MERGE_UNKNOWN = "MERGE_UNKNOWN"
    MERGE_CANNOT_BE_UNDONE = "MERGE_CANNOT_BE_UNDONE"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    IDEMPOTENCY_KEY_INVALID = "IDEMPOTENCY_KEY_INVALID"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


@strawberry.type(description="Why members were not merged, or a merge was not undone.")
class MergeError(Failure[MergeErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class MergePayload:
    merge: strawberry.ID | None = strawberry.field(
        default=None, description="By which the merge is undone."
    )
    member: Member | None = strawberry.field(
        default=None,
        description="Who they are now; after an undo, who is a member of their own again.",
    )
    errors: list[MergeError] = strawberry.field(default_factory=list)


@strawberry.enum(description="Why the settings of merging were not changed.")
class MergeSettingsErrorCode(Enum):
    MERGE_WINDOW_INVALID = "MERGE_WINDOW_INVALID"


@strawberry.type(description="Why the settings of merging were not changed.")
class MergeSettingsError(Failure[MergeSettingsErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class MergeSettingsPayload:
    settings: MergeSettings | None = None
    errors: list[MergeSettingsError] = strawberry.field(default_factory=list)


@strawberry.enum(description="Why a pair was not dismissed.")
class DismissalErrorCode(Enum):
    MERGE_CANDIDATE_UNKNOWN = "MERGE_CANDIDATE_UNKNOWN"


@strawberry.type(description="Why a pair was not dismissed.")
class DismissalError(Failure[DismissalErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class DismissalPayload:
    errors: list[DismissalError] = strawberry.field(default_factory=list)


_DISMISSING = Failures(DismissalError, DismissalErrorCode, {"MERGE_CANDIDATE_UNKNOWN": "id"})
_SETTING = Failures(
    MergeSettingsError, MergeSettingsErrorCode, {"MERGE_WINDOW_INVALID": "undoDays"}
)
_FAILURES = Failures(
    MergeError,
    MergeErrorCode,
    {
        "MERGE_UNKNOWN": "id",
        "MERGE_CANNOT_BE_UNDONE": "id",
        "STEP_UP_REQUIRED": "stepUp",
        "APPROVAL_REQUIRED": "stepUp",
        "IDEMPOTENCY_KEY_INVALID": "idempotencyKey",
        "IDEMPOTENCY_KEY_REUSED": "idempotencyKey",
    },
)


@strawberry.type
class MergingMutation:
    @strawberry.mutation(
        description="Merges two records of one person: all that `absorbed` holds becomes "
        "`survivor`'s, whom its id and card name from now on. It can be undone for a while, as "
        f"`mergeSettings` says. `stepUp`: {STEP_UP}; an answer that one is needed is not kept under the "
        "key.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    async def merge_members(
        self,
        info: ShukeInfo,
        survivor: strawberry.ID,
        absorbed: strawberry.ID,
        idempotency_key: str,
        choices: list[MergeChoice] | None = None,
        reason: str = "",
        step_up: strawberry.ID | None = None,
    ) -> MergePayload:
        one, other, rules = (
            id_of(survivor) or NOBODY,
            id_of(absorbed) or NOBODY,
            chosen(choices or []),
        )

        async def merge() -> dict[str, str]:
            return {"id": str(await decide_merge(grant_of(step_up), one, other, rules, reason))}

        done, errors = await _FAILURES.attempt_once(
            info,
            idempotency_key,
            {
                "survivor": str(one),
                "absorbed": str(other),
                "choices": {field: rule.value for field, rule in sorted(rules.items())},
                "reason": reason,
            },
            merge,
        )
        if done is None:
            return MergePayload(errors=errors)
        return MergePayload(
            merge=strawberry.ID(done["id"]), member=answered_by(member_of_id(one)), errors=errors
        )

    @strawberry.mutation(
        description="Takes a merge apart again, within its time. What happened since stays with "
        "the survivor: fields that were edited, points that were spent.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    async def undo_merge(self, id: strawberry.ID, reason: str = "") -> MergePayload:
        merge_id = id_of(id) or NOBODY

        async def undo() -> UUID:
            return await undo_merge(merge_id, reason)

        undone, errors = await _FAILURES.attempt(undo)
        if undone is None:
            return MergePayload(errors=errors)
        return MergePayload(
            merge=opaque(merge_id), member=answered_by(member_of_id(undone)), errors=errors
        )

    @strawberry.mutation(
        description="Says of a pair in `mergeCandidates` that they are two people: it is listed no more, "
        "also when it is found again. They can still be merged by hand.",
        metadata=asks(Audience.STAFF, MEMBERS_MERGE),
    )
    async def dismiss_merge_candidate(self, id: strawberry.ID) -> DismissalPayload:
        _, errors = await _DISMISSING.attempt(lambda: dismiss_candidate(id_of(id) or NOBODY))
        return DismissalPayload(errors=errors)

    @strawberry.mutation(
        description="Sets for how many days merges can be undone, 1 to 180. It holds for those that are "
        "made from now on.",
        metadata=asks(Audience.STAFF, STAFF_MANAGE),
    )
    async def set_merge_settings(self, undo_days: int) -> MergeSettingsPayload:
        async def act() -> int:
            await set_undo_days(undo_days)
            return undo_days

        days, errors = await _SETTING.attempt(act)
        settings = MergeSettings(undo_days=days) if days is not None else None
        return MergeSettingsPayload(settings=settings, errors=errors)

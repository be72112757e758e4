"""GraphQL types of merging (合并)."""

from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.members.queries import member_of_id
from shuke_core.merging.queries import Candidate, MergeRow, Preview, Side
from shuke_core.merging.rules import FieldRule as Rule
from shuke_schema.context import opaque
from shuke_schema.members.types import Member
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import shown_as, shows


@strawberry.enum(description="Whose value of a field stays.")
class FieldRule(Enum):
    FILLED = strawberry.enum_value(
        Rule.FILLED.value,
        description="The survivor's, or the other's where they have none: what is not named.",
    )
    SURVIVOR = Rule.SURVIVOR.value
    ABSORBED = Rule.ABSORBED.value


@strawberry.enum(description="A field of the profile for which a merge has a rule.")
class MergeField(Enum):
    NAME = "name"
    NICKNAME = "nickname"
    GENDER = "gender"
    BIRTHDAY = "birthday"
    REGION = "region"
    AVATAR = "avatar"
    ADVISOR = "advisor"
    STORE = "store"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How many of something each of the two has.")
class MergeSide:
    label_zh: str
    label_en: str
    survivor: int
    absorbed: int

    @classmethod
    def of(cls, side: Side) -> "MergeSide":
        return cls(
            label_zh=side.label["zh"],
            label_en=side.label["en"],
            survivor=side.survivor,
            absorbed=side.absorbed,
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Two records side by side, before they are merged.")
class MergePreview:
    survivor: Member | None
    absorbed: Member | None
    holdings: list[MergeSide] = strawberry.field(description="What would come together.")

    @classmethod
    def of(cls, preview: Preview) -> "MergePreview":
        return cls(
            survivor=answered_by(member_of_id(preview.survivor_id)),
            absorbed=answered_by(member_of_id(preview.absorbed_id)),
            holdings=[MergeSide.of(side) for side in preview.sides],
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A member with the name and birthday of one who joined before.")
class MergeCandidate:
    member: Member | None
    older: Member | None

    @classmethod
    def of(cls, found: Candidate) -> "MergeCandidate":
        return cls(
            member=answered_by(member_of_id(found.id)),
            older=answered_by(member_of_id(found.older_id)),
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A merge of two records of one person.")
class Merge:
    id: strawberry.ID
    member: Member | None = strawberry.field(description="Who they are now.")
    absorbed_id: strawberry.ID = strawberry.field(description="The id that names them as well.")
    reason: str = strawberry.field(metadata=shown_as(FieldClass.SENSITIVE))
    merged_at: datetime
    undo_until: datetime
    undone_at: datetime | None

    @classmethod
    def of(cls, row: MergeRow) -> "Merge":
        return cls(
            id=opaque(row.id),
            member=answered_by(member_of_id(row.survivor_id)),
            absorbed_id=opaque(row.absorbed_id),
            reason=row.reason,
            merged_at=row.merged_at,
            undo_until=row.undo_until,
            undone_at=row.undone_at,
        )

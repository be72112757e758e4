"""GraphQL types of merging (合并)."""

from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.members.doubles import DoubleReason
from shuke_core.members.queries import member_of_id
from shuke_core.merging.queries import Preview, Side
from shuke_core.merging.rules import FieldRule as Rule
from shuke_schema.members.types import Member
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import needs, shown_as, shows


@strawberry.enum(description="Whose value of a field stays.")
class FieldRule(Enum):
    FILLED = strawberry.enum_value(
        Rule.FILLED.value,
        description="The survivor's, or the other's where they have none: what is not named.",
    )
    SURVIVOR = Rule.SURVIVOR.value
    ABSORBED = Rule.ABSORBED.value


strawberry.enum(DoubleReason, description="Why two members may be one person.")


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
    survivor: Member | None = strawberry.field(metadata=needs(MEMBERS_READ))
    absorbed: Member | None = strawberry.field(metadata=needs(MEMBERS_READ))
    holdings: list[MergeSide] = strawberry.field(description="What would come together.")

    @classmethod
    def of(cls, preview: Preview) -> "MergePreview":
        return cls(
            survivor=answered_by(member_of_id(preview.survivor_id)),
            absorbed=answered_by(member_of_id(preview.absorbed_id)),
            holdings=[MergeSide.of(side) for side in preview.sides],
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A member who may be the same person as one who joined before.")
class MergeCandidate:
    id: strawberry.ID
    member: Member | None = strawberry.field(metadata=needs(MEMBERS_READ))
    older: Member | None = strawberry.field(metadata=needs(MEMBERS_READ))
    reason: DoubleReason
    found_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A merge of two records of one person.")
class Merge:
    id: strawberry.ID
    member: Member | None = strawberry.field(
        description="Who they are now.", metadata=needs(MEMBERS_READ)
    )
    absorbed_id: strawberry.ID = strawberry.field(description="The id that names them as well.")
    reason: str = strawberry.field(metadata=shown_as(FieldClass.SENSITIVE))
    merged_at: datetime
    undo_until: datetime
    undone_at: datetime | None


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How merges are made here.")
class MergeSettings:
    undo_days: int = strawberry.field(
        description="For so many days a merge that is made now can be undone."
    )

"""What a member has and may use (我的权益), in the member API."""

from datetime import datetime
from uuid import UUID

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.members.benefits import Benefit as BenefitRow
from shuke_core.members.benefits import BenefitState as BenefitState
from shuke_core.members.benefits import benefits_of
from shuke_schema.members.parent import MemberParent
from shuke_schema.rights import shows
from shuke_schema.scalars import Long

strawberry.enum(
    BenefitState,
    description="AVAILABLE: it can be used. EXPIRING: so can it, until `until`. JOINABLE: it is had by "
    "taking part. JOINED: it has been had.",
)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that a member has, or may have now.")
class Benefit:
    kind: str = strawberry.field(description="Such as points or campaign; more may come.")
    kind_zh: str
    kind_en: str
    ref: strawberry.ID | None = strawberry.field(description="Its id, where it has one.")
    name_zh: str
    name_en: str
    state: BenefitState
    amount: Long | None = strawberry.field(description="Points, for both of these kinds.")
    times_left: Long | None = strawberry.field(
        description="How often it can still be had, by all together; null: without bound."
    )
    until: datetime | None = strawberry.field(description="When it lapses, or ends.")

    @classmethod
    def of(cls, row: BenefitRow) -> "Benefit":
        return cls(
            kind=row.kind.key,
            kind_zh=row.kind.label["zh"],
            kind_en=row.kind.label["en"],
            ref=None if row.ref is None else strawberry.ID(row.ref),
            name_zh=row.name_zh,
            name_en=row.name_en,
            state=row.state,
            amount=None if row.amount is None else Long(row.amount),
            times_left=None if row.times_left is None else Long(row.times_left),
            until=row.until,
        )


@strawberry.type
class BenefitsOfMember:
    @strawberry.field(
        description="What the member has and may use now: points, what of them lapses soon, campaigns "
        "that they may join or have joined. In the order of a first screen."
    )
    async def benefits(self, parent: MemberParent) -> list[Benefit]:
        return [Benefit.of(row) for row in await benefits_of(UUID(parent.id))]

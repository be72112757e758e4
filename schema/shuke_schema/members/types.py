"""GraphQL types of members (会员)."""

from datetime import date, datetime
from uuid import UUID

import strawberry

from shuke_core.access.counts import SMALL, told_count
from shuke_core.access.permissions import INTERACTIONS_READ, ORDERS_READ, POINTS_READ
from shuke_core.access.rights import FieldClass, Rights
from shuke_core.members.queries import Member as MemberRow
from shuke_core.members.rules import Gender
from shuke_core.profiles.regions import region_name
from shuke_schema.context import ShukeInfo
from shuke_schema.interactions.types import Interaction
from shuke_schema.members.pictures import Picture, picture_of
from shuke_schema.orders.types import Order
from shuke_schema.pagination import Connection
from shuke_schema.points.types import Points
from shuke_schema.projection.fields import projected
from shuke_schema.rights import needs, shown_as, shows

strawberry.enum(Gender, description="What a member says that they are.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A region of China (行政区划).")
class Region:
    code: str = strawberry.field(description="The division code after GB/T 2260, such as 440305.")
    label_zh: str = strawberry.field(description="With the regions above it: 广东省 深圳市 南山区.")

    @classmethod
    def of(cls, code: str) -> "Region":
        return cls(code=code, label_zh=region_name(code) or code)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A member (会员) of this tenant.")
class Member:
    id: strawberry.ID
    card_no: str = strawberry.field(description="The number on the member's card, for the till.")
    name: str | None = strawberry.field(
        description="What the member is called; 王** to who may not see contacts.",
        metadata=shown_as(FieldClass.CONTACT, masked=True),
    )
    nickname: str | None = strawberry.field(metadata=shown_as(FieldClass.CONTACT, masked=True))
    gender: Gender | None
    birthday: date | None = strawberry.field(
        description="Null also to who may not see contacts.",
        metadata=shown_as(FieldClass.CONTACT, masked=True),
    )
    masked_phone: str | None = strawberry.field(description="Such as 138****8000.")
    joined_at: datetime
    points: Points = strawberry.field(metadata=needs(POINTS_READ))

    @strawberry.field
    def region(self, parent: strawberry.Parent[MemberRow]) -> Region | None:
        code = parent.region
        return Region.of(code) if code else None

    @strawberry.field(
        description="The member's picture. Null also to who may not see contacts.",
    )
    async def avatar(self, info: ShukeInfo, parent: strawberry.Parent[MemberRow]) -> Picture | None:
        shown = parent.avatar if FieldClass.CONTACT in info.context.rights.classes else None
        return await picture_of(UUID(shown)) if shown else None

    @projected(metadata=needs(ORDERS_READ))
    def orders(self, first: int = 20, after: str | None = None) -> Connection[Order]: ...

    @projected(
        description="What the member said and did, newest first.",
        metadata=needs(INTERACTIONS_READ),
    )
    def interactions(
        self, first: int = 20, after: str | None = None
    ) -> Connection[Interaction]: ...


@shows(FieldClass.PUBLIC)
@strawberry.type
class Oneself:
    is_visitor: bool = strawberry.field(
        description="Known by WeChat alone, without points; bindPhone makes a member of them."
    )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How many there are. Of few, only who may see them all is told.")
class Count:
    exact: int | None = strawberry.field(description="Null where it is not told.")
    shown: str = strawberry.field(description="To be shown: the number, or `< 10`.")

    @classmethod
    def of(cls, count: int, rights: Rights) -> "Count":
        told = told_count(count, rights)
        return cls(exact=told, shown=str(told) if told is not None else SMALL)

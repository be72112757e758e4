"""GraphQL types of members (会员)."""

from datetime import datetime
from uuid import UUID

import strawberry

from shuke_core.members.queries import MemberCard
from shuke_schema.context import opaque
from shuke_schema.orders.types import Order, orders_of
from shuke_schema.pagination import Connection
from shuke_schema.points.types import Points, points_of


@strawberry.type(description="A member (会员) of this tenant.")
class Member:
    member_id: strawberry.Private[UUID]
    id: strawberry.ID
    card_no: str = strawberry.field(description="The number on the member's card, for the till.")
    masked_phone: str | None = strawberry.field(description="Such as 138****8000.")
    joined_at: datetime
    points: Points = strawberry.field(resolver=points_of)
    orders: Connection[Order] = strawberry.field(resolver=orders_of)

    @classmethod
    def of(cls, card: MemberCard) -> "Member":
        return cls(
            member_id=card.id,
            id=opaque(card.id),
            card_no=card.card_no,
            masked_phone=card.phone_masked,
            joined_at=card.joined_at,
        )

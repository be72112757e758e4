"""GraphQL types of points (积分)."""

from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_schema.pagination import Connection
from shuke_schema.projection.fields import projected
from shuke_schema.rights import shows
from shuke_schema.scalars import Long


@strawberry.enum(description="What moved the points.")
class EntryKind(Enum):
    EARN = strawberry.enum_value("earn", description="An order or another act earned them.")
    SPEND = strawberry.enum_value("spend", description="The member used them.")
    CLAW_BACK = strawberry.enum_value("claw_back", description="A refund took them back.")
    SETTLE = strawberry.enum_value("settle", description="They paid a debt left by a refund.")
    EXPIRE = strawberry.enum_value("expire", description="Their time had passed.")
    MERGE_OUT = strawberry.enum_value(
        "merge_out", description="They went along into another record of the same person, or back."
    )
    MERGE_IN = strawberry.enum_value(
        "merge_in", description="They came along from another record of the same person, or back."
    )
    UNSETTLE = strawberry.enum_value(
        "unsettle", description="A debt stands again that a merge had paid, since it was undone."
    )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Points that lapse together.")
class ExpiringPoints:
    points: Long
    expires_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="One movement of points; it never changes.")
class PointsEntry:
    id: strawberry.ID
    kind: EntryKind
    points: Long = strawberry.field(description="Positive when they came, negative when they went.")
    at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="The points (积分) of a member.")
class Points:
    balance: Long = strawberry.field(description="What can be spent now.")
    debt: Long = strawberry.field(
        description="What a refund left owing; the next earning settles it."
    )

    @projected(description="Points that lapse within so many days, soonest first.")
    def expiring_soon(self, days: int = 30) -> list[ExpiringPoints]: ...

    @projected(description="Movements, newest first.")
    def entries(self, first: int = 20, after: str | None = None) -> Connection[PointsEntry]: ...

"""GraphQL types of points (积分)."""

from datetime import datetime, timedelta
from enum import Enum

import strawberry

from shuke_core.kit import clock
from shuke_core.kit.pagination import Keys
from shuke_core.ledger.queries import (
    Balance,
    EntryRow,
    balance_of,
    entries_before,
    lots_expiring,
)
from shuke_schema.context import opaque
from shuke_schema.members.parent import MemberParent
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.scalars import Long

_LONGEST_LOOK_DAYS = 730


@strawberry.enum(description="What moved the points.")
class EntryKind(Enum):
    EARN = strawberry.enum_value("earn", description="An order or another act earned them.")
    SPEND = strawberry.enum_value("spend", description="The member used them.")
    CLAW_BACK = strawberry.enum_value("claw_back", description="A refund took them back.")
    SETTLE = strawberry.enum_value("settle", description="They paid a debt left by a refund.")
    EXPIRE = strawberry.enum_value("expire", description="Their time had passed.")


@strawberry.type(description="Points that lapse together.")
class ExpiringPoints:
    points: Long
    expires_at: datetime


@strawberry.type(description="One movement of points; it never changes.")
class PointsEntry:
    id: strawberry.ID
    kind: EntryKind
    points: Long = strawberry.field(description="Positive when they came, negative when they went.")
    at: datetime

    @classmethod
    def of(cls, row: EntryRow) -> "PointsEntry":
        return cls(
            id=opaque(row.id), kind=EntryKind(row.kind), points=Long(row.amount), at=row.happened_at
        )


@strawberry.type(description="The points (积分) of a member.")
class Points:
    held: strawberry.Private[Balance]

    @strawberry.field(description="What can be spent now.")
    def balance(self) -> Long:
        return Long(self.held.available)

    @strawberry.field(description="What a refund left owing; the next earning settles it.")
    def debt(self) -> Long:
        return Long(self.held.debt)

    @strawberry.field(description="Points that lapse within so many days, soonest first.")
    async def expiring_soon(self, days: int = 30) -> list[ExpiringPoints]:
        if self.held.account_id is None:
            return []
        until = clock.now() + timedelta(days=max(0, min(days, _LONGEST_LOOK_DAYS)))
        lots = await lots_expiring(self.held.account_id, until)
        return [
            ExpiringPoints(points=Long(lot.remaining), expires_at=lot.expires_at) for lot in lots
        ]

    @strawberry.field(description="Movements, newest first.")
    async def entries(self, first: int = 20, after: str | None = None) -> Connection[PointsEntry]:
        account_id = self.held.account_id

        async def read(before: Keys | None, limit: int) -> list[EntryRow]:
            return await entries_before(account_id, before, limit) if account_id else []

        return await connection_of(
            "points.entries",
            first,
            after,
            read,
            lambda row: (row.happened_at, row.id),
            PointsEntry.of,
        )


async def points_of(parent: MemberParent) -> Points:
    """The points of a member."""
    return Points(held=await balance_of(parent.member_id))

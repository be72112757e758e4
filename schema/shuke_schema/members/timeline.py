"""The timeline of a member in the staff API."""

from datetime import datetime
from uuid import UUID

import strawberry

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.kit.pagination import Keys
from shuke_core.members.timeline import Moment, MomentKind, seen_kinds, timeline_of
from shuke_schema.context import ShukeInfo, opaque
from shuke_schema.members.parent import MemberParent
from shuke_schema.orders.types import Money
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.rights import needs, shows
from shuke_schema.scalars import Long

strawberry.enum(MomentKind, name="TimelineKind", description="What a moment of a timeline is of.")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that happened to a member, or that they did.")
class TimelineItem:
    id: strawberry.ID = strawberry.field(
        description="Of the order, entry, participation, interaction, assignment, note or audit entry."
    )
    kind: MomentKind
    at: datetime
    what: str | None = strawberry.field(
        description="A word: the state of an order, the kind of an entry or interaction, joined or "
        "rewarded of a campaign, the way of an assignment, the act of staff."
    )
    ref: str | None = strawberry.field(
        description="What people know it by: the order's number, the campaign's name, the channel, "
        "the new advisor."
    )
    by: str | None = strawberry.field(description="Who of the staff.")
    points: Long | None = strawberry.field(description="So many came, or went.")
    total: Money | None = strawberry.field(description="Of an order.")

    @classmethod
    def of(cls, moment: Moment) -> "TimelineItem":
        total = None
        if moment.fen is not None and moment.currency is not None:
            total = Money(fen=Long(moment.fen), currency=moment.currency)
        return cls(
            id=opaque(moment.id),
            kind=moment.kind,
            at=moment.at,
            what=moment.what,
            ref=moment.ref,
            by=moment.by,
            points=None if moment.points is None else Long(moment.points),
            total=total,
        )


@strawberry.type
class TimelineOfMember:
    @strawberry.field(
        description="Orders, points, campaigns, what was said and done, assignments, notes and acts of "
        "staff in one list, newest first; of it what you have the permissions for.",
        metadata=needs(MEMBERS_READ),
    )
    async def timeline(
        self, info: ShukeInfo, parent: MemberParent, first: int = 20, after: str | None = None
    ) -> Connection[TimelineItem]:
        kinds, member_id = seen_kinds(info.context.rights), UUID(parent.id)

        async def read(before: Keys | None, limit: int) -> list[Moment]:
            return await timeline_of(member_id, kinds, before, limit)

        return await connection_of(
            "member.timeline",
            first,
            after,
            read,
            lambda moment: (moment.at, moment.id),
            TimelineItem.of,
        )

"""A part that has one field of each kind the product's own page lacks: resolvers, masks, filters."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import strawberry

from shuke_core.access.permissions import CORE
from shuke_core.access.rights import FieldClass
from shuke_core.members import queries as members
from shuke_core.orders import queries as orders
from shuke_core.orders.life import OrderState
from shuke_core.projection.declare import ID, Projection, column, many, one, python
from shuke_core.projection.reads import Read
from shuke_core.tenants.queries import Store as StoreRows
from shuke_schema.context import ShukeInfo
from shuke_schema.members.types import Member
from shuke_schema.orders.types import Order, Store
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience, Part
from shuke_schema.projection.fields import answered_by, projected
from shuke_schema.rights import ANYBODY, asks, shows


class SampleLine(Projection, table="order_line"):
    """A line of an order."""

    id: ID
    sku: str | None
    name: str
    quantity: Decimal


class SampleOrder(Projection, joins=orders.Order):
    """What the part adds to an order."""

    named_lines: list[SampleLine] = many(
        "this.order_id = parent.id", "this.name = :name", order="this.line_no, this.id", limit=2
    )
    store_of_code: StoreRows | None = one("this.id = parent.store_id", "this.code = :code")
    picture: str = python("external_no", "total_fen")


class SampleMember(Projection, joins=members.Member):
    """What the part adds to a member."""

    card_end: str | None = column(
        "card_no", see=FieldClass.CONTACT, mask="'****' || right(this.card_no, 4)"
    )
    recent: list[orders.Order] = many(
        "this.member_id = parent.id",
        "this.state = :state",
        "this.placed_at >= :since",
        "(this.total_fen > 0) = :paid",
        order="this.placed_at, this.id",
        limit=10,
    )
    nick: str | None = python("card_no")
    twin: members.Member | None = python("id")


def picture_of(no: str, total_fen: int, size: int) -> str:
    """Fails for some; its field can't be null."""
    if total_fen == 4:
        raise ValueError(f"no picture of {no}")
    return f"{no}?{size}"


def nick_of(card_no: str) -> str | None:
    """Fails for some, nothing for others."""
    if card_no.endswith("0"):
        raise ValueError("nobody knows")
    return None if card_no.endswith("1") else f"card {card_no}"


@shows(FieldClass.PUBLIC)
@strawberry.type(name="SampleLine")
class SampleLineType:
    id: strawberry.ID
    sku: str | None
    name: str
    quantity: Decimal


@shows(FieldClass.PUBLIC)
@strawberry.type
class OrderFields:
    @projected
    def named_lines(
        self, first: int | None = None, name: str | None = None
    ) -> list[SampleLineType]: ...

    @projected
    def store_of_code(self, code: str | None = None) -> Store | None: ...

    @strawberry.field
    def picture(self, parent: strawberry.Parent[SampleOrder], size: int = 64) -> str:
        return picture_of(parent.external_no, parent.total_fen, size)  # type: ignore[attr-defined]


@shows(FieldClass.PUBLIC)
@strawberry.type
class MemberFields:
    card_end: str | None

    @projected
    def recent(
        self,
        first: int | None = 5,
        state: OrderState | None = None,
        since: datetime | None = None,
        paid: bool | None = None,
    ) -> list[Order]: ...

    @strawberry.field
    async def nick(self, parent: strawberry.Parent[members.Member]) -> str | None:
        return nick_of(parent.card_no)

    @strawberry.field
    def twin(self, parent: strawberry.Parent[members.Member]) -> Member | None:
        """A read below a resolver's field: it is compiled by itself."""
        return answered_by(  # type: ignore[no-any-return]
            Read.one(
                members.Member,
                *("this.id = :id", "this.state = 'active'"),
                given={"id": UUID(parent.id)},
            )
        )


@strawberry.type
class RootFields:
    @strawberry.field(metadata=asks(Audience.MEMBER, ANYBODY))
    def members(
        self,
        info: ShukeInfo,
        first: int = 3,
        after: str | None = None,
        since: datetime | None = None,
    ) -> Connection[Member]:
        return answered_by(  # type: ignore[no-any-return]
            Read.page(
                members.Member,
                "this.joined_at >= :since",
                newest="joined_at",
                listed="members",
                given={"first": first, "after": after, "since": since},
            )
        )

    @strawberry.field(metadata=asks(Audience.MEMBER, ANYBODY))
    def orders(self, info: ShukeInfo, paid: bool | None = None) -> list[Order]:
        return answered_by(  # type: ignore[no-any-return]
            Read.many(
                orders.Order,
                "(this.total_fen > 0) = :paid",
                order="this.placed_at desc, this.id desc",
                given={"paid": paid},
                limit=4,
            )
        )


SAMPLES = Part(
    owner=CORE,  # not contained as a plugin's: what its resolvers raise is to be seen
    audience=Audience.MEMBER,
    adds={
        "Query": (RootFields,),
        "Member": (MemberFields,),
        "Order": (OrderFields,),
    },
    projections=(SampleOrder, SampleMember),
)

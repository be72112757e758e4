"""GraphQL of retail: a member's purchases over all channels, as fields on Member."""

from datetime import datetime

import strawberry

from shuke_retail.purchases import Purchases, purchases_of
from shuke_schema.graphql_api import Audience, Long, MemberParent, Part


@strawberry.type(description="What a member bought through one channel, after refunds.")
class RetailChannel:
    source: str = strawberry.field(description="The till, the mini-program, the web shop.")
    orders: int
    spent_fen: Long
    last_at: datetime


@strawberry.type(description="A member's purchases over till, mini-program and web shop (零售).")
class RetailMember:
    found: strawberry.Private[list[Purchases]]

    @strawberry.field(description="Purchases over all channels.")
    def orders(self) -> int:
        return sum(channel.orders for channel in self.found)

    @strawberry.field(description="Spent over all channels, after refunds, in fen.")
    def spent_fen(self) -> Long:
        return Long(sum(channel.spent_fen for channel in self.found))

    @strawberry.field(description="Each channel, the one used last first.")
    def channels(self) -> list[RetailChannel]:
        return [
            RetailChannel(
                source=channel.source,
                orders=channel.orders,
                spent_fen=Long(channel.spent_fen),
                last_at=channel.last_at,
            )
            for channel in self.found
        ]


@strawberry.type
class RetailFields:
    @strawberry.field(description="Purchases over all channels as one shop sees them.")
    async def retail(self, parent: MemberParent) -> RetailMember:
        return RetailMember(found=await purchases_of(parent.member_id))


part = Part(owner="retail", audience=Audience.MEMBER, adds={"Member": (RetailFields,)})

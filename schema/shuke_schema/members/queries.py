"""Root fields of the member API about members."""

import strawberry

from shuke_core.members.queries import member_card
from shuke_schema.context import ShukeInfo
from shuke_schema.members.types import Member


@strawberry.type
class MemberQuery:
    @strawberry.field(description="The member who is logged in; null for a visitor.")
    async def me(self, info: ShukeInfo) -> Member | None:
        member_id = info.context.member_id
        return Member.of(await member_card(member_id)) if member_id else None

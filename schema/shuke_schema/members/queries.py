"""Root fields about members: oneself in the member API, anybody in the staff API."""

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import MEMBERS_FIND, MEMBERS_READ
from shuke_core.access.rights import FieldClass
from shuke_core.members.identities import id_of_identity
from shuke_core.members.queries import (
    count_members,
    id_of_phone,
    member_of_bearer,
    member_of_card,
    member_of_id,
    members_named,
    newest_members,
    oneself,
)
from shuke_core.members.rule_fields import MEMBER
from shuke_core.members.searches import BY_IDENTITY, note_search
from shuke_core.rules.queries import filter_of
from shuke_core.tenants.queries import stores_by_code
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.http.guarded import guarded
from shuke_schema.http.lean import finds_caller
from shuke_schema.members.types import Count, Member
from shuke_schema.pagination import Connection
from shuke_schema.parts import Audience
from shuke_schema.projection.arguments import NOBODY
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ANYBODY, asks
from shuke_schema.rules.queries import given_id


@strawberry.type
class OwnQuery:
    @strawberry.field(
        description="Who is logged in, a visitor known by WeChat alone too; null without a token.",
        metadata=asks(Audience.MEMBER, ANYBODY) | finds_caller(),
    )
    def me(self, info: ShukeInfo) -> Member | None:
        bearer, member_id = info.context.bearer, info.context.member_id
        if bearer is not None:
            return answered_by(member_of_bearer(bearer))  # type: ignore[no-any-return]
        return answered_by(oneself(member_id)) if member_id else None


@strawberry.type
class MembersQuery:
    @strawberry.field(
        description="A member by id; null for an id that is not there or not yours to see.",
        metadata=asks(Audience.STAFF, MEMBERS_READ),
    )
    def member(self, id: strawberry.ID) -> Member | None:
        member_id = id_of(id)
        return answered_by(member_of_id(member_id)) if member_id else None

    @strawberry.field(
        description="A member by the number on their card.",
        metadata=asks(Audience.STAFF, MEMBERS_READ),
    )
    def member_by_card(self, card_no: str) -> Member | None:
        return answered_by(member_of_card(card_no))  # type: ignore[no-any-return]

    @strawberry.field(
        description="A member by phone, in any usual form. Once a document, 30 a minute; each "
        "look-up is recorded.",
        metadata=asks(Audience.STAFF, MEMBERS_FIND, {"phone": FieldClass.CONTACT})
        | guarded(tries=30, seconds=60),
    )
    async def member_by_phone(self, phone: str) -> Member | None:
        member_id = await id_of_phone(phone)
        await note_search(member_id)
        return answered_by(member_of_id(member_id)) if member_id else None

    @strawberry.field(
        description="A member by how another system names them: kind card, erp, shop, openid or "
        "unionid. Once a document, 30 a minute; each look-up is recorded.",
        metadata=asks(Audience.STAFF, MEMBERS_FIND, {"value": FieldClass.CONTACT})
        | guarded(tries=30, seconds=60),
    )
    async def member_by_identity(self, kind: str, issuer: str, value: str) -> Member | None:
        member_id = await id_of_identity(kind, issuer, value)
        await note_search(member_id, BY_IDENTITY)
        return answered_by(member_of_id(member_id)) if member_id else None

    @strawberry.field(
        description="Members, the newest first; with `namePrefix` those whose name begins so, by name. "
        "`where` is a document of the rule language about members, `ruleId` a named one: those for whom "
        "it holds.",
        metadata=asks(Audience.STAFF, MEMBERS_READ, {"namePrefix": FieldClass.CONTACT}),
    )
    async def members(
        self,
        info: ShukeInfo,
        name_prefix: str | None = None,
        where: JSON | None = None,
        rule_id: strawberry.ID | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Member]:
        read = newest_members(first, after)
        if name_prefix:
            read = await members_named(name_prefix, first, after)
        rights = info.context.rights
        if where is not None:
            read = read.where(*(await filter_of(MEMBER, rights, document=where)).parts)
        if rule_id is not None:
            named = await filter_of(MEMBER, rights, rule_id=given_id(rule_id))
            read = read.where(*named.parts)
        return answered_by(read)  # type: ignore[no-any-return]

    @strawberry.field(
        description="How many members there are: of a store, of those whom nobody looks after.",
        metadata=asks(Audience.STAFF, MEMBERS_READ),
    )
    async def members_count(
        self, info: ShukeInfo, store: str | None = None, unassigned: bool = False
    ) -> Count:
        stores = {} if store is None else await stores_by_code([store])
        store_id = None if store is None else stores.get(store, NOBODY)
        return Count.of(await count_members(store_id, unassigned), info.context.rights)

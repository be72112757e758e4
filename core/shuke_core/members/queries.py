"""Reads of members: what the API shows of one, and where it comes from."""

from datetime import date, datetime
from uuid import UUID

from shuke_core.access.errors import TokenInvalid
from shuke_core.access.rights import FieldClass
from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.conditions import Conditions
from shuke_core.kit.pagination import CursorInvalid, from_cursor
from shuke_core.kit.transactions import fetch, fetch_value
from shuke_core.members.errors import MemberUnknown, PhoneUnreadable
from shuke_core.members.phones import normalise_phone
from shuke_core.members.rules import Gender, prefix_range
from shuke_core.members.services import Identity, find_members
from shuke_core.projection.declare import ID, Projection, column, python, sql
from shuke_core.projection.reads import Read
from shuke_core.tenants.keyring import tenant_keys

_ACTIVE = "this.state = 'active'"
_PRESENT = "this.state in ('visitor', 'active')"  # whoever may be logged in
_BEARER = """
    this.id = (SELECT t.member_id FROM member_token t
                WHERE t.tenant_id = :tenant AND t.digest = :digest
                  AND t.revoked_at IS NULL AND t.expires_at > :now)
"""
# Who has been merged is who they are now, by the id and by the card they had.
_OF_ID = """
    this.id = coalesce((SELECT a.merged_into_id FROM member a
                         WHERE a.tenant_id = :tenant AND a.id = :id), :id)
"""
_OF_CARD = """
    this.id = (SELECT coalesce(a.merged_into_id, a.id) FROM member a
                WHERE a.tenant_id = :tenant AND a.card_no = :card_no)
"""
_NAMED = "members.named"  # the list's name in its cursors


class Member(Projection, table="member"):
    """A member. The phone is masked; the plain one is a separate, audited read. The name is masked
    (`rules.masked_name`) for who may not see contacts."""

    id: ID
    card_no: str
    name: str | None = column("name", see=FieldClass.CONTACT, mask="left(this.name, 1) || '**'")
    nickname: str | None = column(
        "nickname", see=FieldClass.CONTACT, mask="left(this.nickname, 1) || '**'"
    )
    gender: Gender | None
    birthday: date | None = column("birthday", see=FieldClass.CONTACT, mask="null::date")
    region: str | None = python("region")
    avatar: str | None = python("avatar")
    masked_phone: str | None = column("phone_masked")
    joined_at: datetime


class Oneself(Projection, joins=Member):
    """What the member API says of who is logged in."""

    is_visitor: bool = sql("(this.state = 'visitor')")


def member_of_id(member_id: UUID) -> Read:
    """An active member; an unknown id and another tenant's answer alike. That of a merged one names
    who they are now."""
    return Read.one(Member, _OF_ID, _ACTIVE, given={"id": member_id})


def member_of_bearer(digest: bytes) -> Read:
    """Whose token it is, by its digest; TokenInvalid as `services.member_of_token` raises it."""
    return Read.one(Member, _BEARER, _PRESENT, given={"digest": digest}, unknown=TokenInvalid)


def oneself(member_id: UUID) -> Read:
    """Who is logged in, a visitor too."""
    return Read.one(
        Member, "this.id = :id", _PRESENT, given={"id": member_id}, unknown=MemberUnknown
    )


def member_of_card(card_no: str) -> Read:
    """The member with that card number."""
    return Read.one(Member, _OF_CARD, _ACTIVE, given={"card_no": card_no})


def newest_members(first: int, after: str | None) -> Read:
    """Members, the newest first."""
    given = {"first": first, "after": after}
    return Read.page(Member, _ACTIVE, newest="joined_at", listed="members", given=given)


async def members_named(prefix: str, first: int, after: str | None) -> Read:
    """Members whose name begins so, by name.

    A cursor carries no name: where its member stands in the order is looked up. Somebody renamed
    meanwhile goes on from the new name; where there is no name any more (the member was erased, say)
    nobody knows the place, and it raises CursorInvalid rather than end the list early.
    """
    if after:
        await _refuse_nameless(after)
    low, high = prefix_range(prefix)
    return Read.page(
        Member,
        *(_ACTIVE, "this.name >= :low", "this.name < :high"),
        newest="joined_at",
        by="name",
        listed=_NAMED,
        given={"first": first, "after": after, "low": low, "high": high},
    )


async def _refuse_nameless(cursor: str) -> None:
    _, member_id = from_cursor((await tenant_keys()).digesting, _NAMED, cursor)
    rows = await fetch(
        "SELECT FROM member WHERE tenant_id = $1 AND id = $2 AND name IS NOT NULL", member_id
    )
    if not rows:
        raise CursorInvalid()


async def id_of_phone(text: str) -> UUID | None:
    """The member whose phone that is, however it is written; raises PhoneUnreadable."""
    try:
        phone = normalise_phone(text)
    except Unclean as refused:
        raise PhoneUnreadable(why=refused.code) from None
    if phone is None:
        raise PhoneUnreadable(why="it says that there is none")
    identity = Identity.of_phone(phone)
    return (await find_members([identity])).get(identity)


async def count_members(store_id: UUID | None, unassigned: bool) -> int:
    """How many active members there are: of a store, of those whom nobody looks after."""
    wanted = Conditions("tenant_id = $1", "state = 'active'").when("store_id = {}", store_id)
    if unassigned:
        wanted.when("(advisor_id IS NULL) = {}", True)
    count: int = await fetch_value(f"SELECT count(*) FROM member WHERE {wanted}", *wanted.values)
    return count

"""Visitors: people known by an OpenID alone, until their phone makes members of them."""

from dataclasses import dataclass
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.members.doubles import DoubleReason, note_double
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.events import MemberAgeChanged
from shuke_core.members.following import member_now
from shuke_core.members.moving import move_holdings
from shuke_core.members.services import (
    Identity,
    enter,
    find_members,
    issue_token,
    link_identities,
)
from shuke_core.tenants.errors import TenantClosing
from shuke_core.tenants.queries import this_tenant

_HERE = ("visitor", "active")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who has logged in, and the token that says so."""

    member_id: UUID
    token: str
    is_visitor: bool


async def log_in_with_openid(app_id: str, openid: str, unionid: str | None) -> LoggedIn:
    """Logs the person in whom WeChat names so; whoever is new becomes a visitor. Raises TenantClosing
    to them where the tenant is: who is a member has their rights until the end, nobody joins.

    One UnionID is one person: who is known by it from another mini-program is found by it, and a
    visitor who turns out to be somebody known becomes them. Two members stay two: staff see them as
    one person who may be there twice.
    """
    own = Identity.of_openid(app_id, openid)
    wide = Identity.of_unionid(unionid) if unionid else None
    both = {own, wide} if wide else {own}
    found = await find_members(both)
    if own not in found:
        if wide in found:
            await link_identities({own: found[wide]}, through=wide)
        else:
            if (tenant := await this_tenant()).state == "closing":
                raise TenantClosing(slug=tenant.slug)
            await enter([own], state="visitor")
    if wide and wide not in found:
        found = await find_members(both)  # whoever was faster has committed by now
        if own in found:
            await link_identities({wide: found[own]}, through=own)
    found = await find_members(both)
    if own not in found:  # erased at this moment: whoever logs in again is new
        raise MemberUnknown()
    member_id, states = await _locked_now(found[own])
    person = await member_now(found[wide]) if wide in found else member_id
    if person != member_id and states.get(member_id) == "visitor":
        await absorb_visitor(member_id, person)
        member_id, states = await _locked_now(person)
    elif person != member_id:
        await note_double(member_id, person, DoubleReason.IDENTITY)
    return LoggedIn(member_id, await issue_token(member_id), states.get(member_id) == "visitor")


async def _locked_now(member_id: UUID) -> tuple[UUID, dict[UUID, str]]:
    """Who that is now, held, and their state: of two log-ins of one visitor at once the second waits,
    and finds that the first has made a member of them."""
    states = await lock_people(member_id)
    if states.get(member_id) == "merged":
        member_id = await member_now(member_id)
        states = await lock_people(member_id)
    return member_id, states


async def lock_people(*member_ids: UUID, wholly: bool = False) -> dict[UUID, str]:
    """Holds these members' rows until the unit ends; their states. In the order of ids, so that two
    units with the same people wait for each other in one order only. `wholly`: against those too who
    write rows of theirs (`members.following`)."""
    strength = "UPDATE" if wholly else "NO KEY UPDATE"
    rows = await fetch(
        "SELECT id, state FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) "
        f"ORDER BY id FOR {strength}",
        list(member_ids),
    )
    return {row["id"]: row["state"] for row in rows}


async def absorb_visitor(visitor_id: UUID, member_id: UUID) -> None:
    """The visitor is that member, it turned out: all that was the visitor's is theirs, log-ins too.

    They move as in a merge, but are not noted: the phone, or WeChat, has said who it is, and there is
    nothing to undo. Raises MemberUnknown where one of the two is not what it was.
    """
    states = await lock_people(visitor_id, member_id, wholly=True)
    if states.get(visitor_id) != "visitor" or states.get(member_id) not in _HERE:
        raise MemberUnknown()
    await move_holdings(new_id(), member_id, visitor_id, noted=False)
    await fetch(
        "UPDATE member_token SET member_id = $3 WHERE tenant_id = $1 AND member_id = $2",
        *(visitor_id, member_id),
    )
    await fetch(
        "UPDATE member v SET state = 'merged', merged_into_id = m.id, advisor_id = m.advisor_id, "
        "store_id = m.store_id FROM member m WHERE v.tenant_id = $1 AND v.id = $2 "
        "AND m.tenant_id = $1 AND m.id = $3",
        *(visitor_id, member_id),
    )
    announce(MemberAgeChanged(member_id))  # a guardian's word may have come along
    await record("member.visitor_absorbed", f"member:{visitor_id}", member_id=member_id)

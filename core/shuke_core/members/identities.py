"""The verbs of identities: a phone that was verified, and what staff bind by hand."""

from collections.abc import Collection
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch
from shuke_core.members.errors import (
    IdentityInvalid,
    IdentityTaken,
    IdentityUnknown,
    MemberUnknown,
)
from shuke_core.members.events import MemberJoined
from shuke_core.members.following import lock_member, member_now
from shuke_core.members.phones import Phone, normalise_phone
from shuke_core.members.plain import all_plain_phones, plain_phones
from shuke_core.members.rules import IDENTITY_KINDS
from shuke_core.members.services import Identity, digest_of, find_members, link_identities
from shuke_core.members.visitors import lock_people

_SHOWN_END = 4


def checked_identity(kind: str, issuer: str, value: str, *, by_hand: bool = False) -> Identity:
    """The identity, if it can be one; raises IdentityInvalid. `by_hand`: one that staff may enter."""
    known = IDENTITY_KINDS.get(kind)
    if known is None or (by_hand and not known.by_hand):
        kinds = [key for key, each in IDENTITY_KINDS.items() if each.by_hand or not by_hand]
        raise IdentityInvalid(why=f"its kind is none of {', '.join(kinds)}")
    if not known.issuer.fullmatch(issuer):
        raise IdentityInvalid(why=f"a {kind} has another kind of issuer")
    if not known.value.fullmatch(value):
        raise IdentityInvalid(why=f"a {kind} looks different")
    return Identity(kind, issuer, value)


async def id_of_identity(kind: str, issuer: str, value: str) -> UUID | None:
    """The member of that identity; raises IdentityInvalid."""
    identity = checked_identity(kind, issuer, value)
    return (await find_members([identity])).get(identity)


async def bind_identity(member_id: UUID, kind: str, issuer: str, value: str) -> None:
    """Staff say by what another system names the member.

    Raises MemberUnknown, IdentityInvalid, and IdentityTaken where it names somebody else: bringing
    two members together is a decision of its own. Done twice, nothing happens again.
    """
    identity = checked_identity(kind, issuer, value, by_hand=True)
    member_id = await lock_member(member_id, "NO KEY UPDATE", visitors=False)
    if (await find_members([identity])).get(identity) == member_id:
        return
    if not await link_identities({identity: member_id}):
        raise IdentityTaken()
    await record(
        "member.identity_bound",
        f"member:{member_id}",
        changes={_named(identity): (None, _masked(identity))},
        member_id=member_id,
    )


async def unbind_identity(member_id: UUID, kind: str, issuer: str, value: str) -> None:
    """The identity names the member no longer; raises IdentityInvalid and IdentityUnknown."""
    identity = checked_identity(kind, issuer, value, by_hand=True)
    member_id = await member_now(member_id)
    if not await _end(member_id, identity):
        raise IdentityUnknown()
    await record(
        "member.identity_unbound",
        f"member:{member_id}",
        changes={_named(identity): (_masked(identity), None)},
        member_id=member_id,
    )


async def take_phone(member_id: UUID, phone: Phone) -> bool:
    """The phone, which was verified as theirs, is the member's from now on, in place of any other;
    a visitor becomes a member by it. False where somebody has it; then nothing has happened.

    Raises MemberUnknown for who is neither visitor nor member (any more).
    """
    identity = Identity.of_phone(phone)
    if not await link_identities({identity: member_id}):
        return False
    state = (await lock_people(member_id)).get(member_id)
    if state not in ("visitor", "active"):
        raise MemberUnknown()
    await fetch(
        "UPDATE member_identity SET state = 'ended' WHERE tenant_id = $1 AND member_id = $2 "
        "AND kind = 'phone' AND state = 'active' AND digest <> $3",
        *(member_id, await digest_of(identity)),
    )
    rows = await fetch(
        "UPDATE member m SET phone_masked = $3, state = 'active', "
        "joined_at = CASE b.state WHEN 'visitor' THEN $4 ELSE b.joined_at END "
        "FROM (SELECT * FROM member WHERE tenant_id = $1 AND id = $2) AS b "
        "WHERE m.tenant_id = $1 AND m.id = b.id RETURNING b.phone_masked AS before",
        *(member_id, phone.masked, clock.now()),
    )
    if state == "visitor":
        announce(MemberJoined(member_id))
    else:
        await _phone_changed(member_id, rows[0]["before"], phone.masked)
    return True


async def lose_phone(member_id: UUID, phone: Phone) -> bool:
    """The phone is the member's no longer; says whether it was. They keep everything else."""
    if not await _end(member_id, Identity.of_phone(phone)):
        return False
    left = (await plain_phones([member_id])).get(member_id)
    other = normalise_phone(left)
    masked = other.masked if other else None
    await fetch(
        "UPDATE member SET phone_masked = $3 WHERE tenant_id = $1 AND id = $2",
        *(member_id, masked),
    )
    await _phone_changed(member_id, phone.masked, masked)
    return True


async def show_own_phones(member_ids: Collection[UUID]) -> None:
    """Has each of these members show a phone that is theirs, or none where they have none: the one that
    is shown where that is one of them, else the first."""
    plain = await all_plain_phones(member_ids)
    masked = {
        each: [phone.masked for e164 in plain.get(each, ()) if (phone := normalise_phone(e164))]
        for each in member_ids
    }
    shown = await fetch(
        "SELECT id, phone_masked FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
        list(masked),
    )
    wrong = {
        row["id"]: next(iter(masked[row["id"]]), None)
        for row in shown
        if row["phone_masked"] not in masked[row["id"]]
    }
    await fetch(
        "UPDATE member m SET phone_masked = t.masked FROM unnest($2::uuid[], $3::text[]) "
        "AS t(id, masked) WHERE m.tenant_id = $1 AND m.id = t.id",
        *(list(wrong), list(wrong.values())),
    )


async def _end(member_id: UUID, identity: Identity) -> bool:
    rows = await fetch(
        "UPDATE member_identity SET state = 'ended' WHERE tenant_id = $1 AND member_id = $2 "
        "AND kind = $3 AND issuer = $4 AND digest = $5 AND state = 'active' RETURNING id",
        *(member_id, identity.kind, identity.issuer, await digest_of(identity)),
    )
    return bool(rows)


async def _phone_changed(member_id: UUID, before: str | None, after: str | None) -> None:
    subject, changes = f"member:{member_id}", {"phone": (before, after)}
    await record("member.phone_changed", subject, changes=changes, member_id=member_id)


def _named(identity: Identity) -> str:
    return f"{identity.kind}@{identity.issuer}"


def _masked(identity: Identity) -> str:
    value = identity.value
    return f"…{value[-_SHOWN_END:]}" if len(value) > 2 * _SHOWN_END else "…"

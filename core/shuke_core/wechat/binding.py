"""A phone that WeChat has verified finds its member: the verbs of `bindPhone`, in a unit of work.

A number that the network has handed out anew must never open the account of who had it before.
"""

from dataclasses import dataclass
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.doubles import DoubleReason, forget_double, note_double
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.identities import take_phone
from shuke_core.members.services import Identity, digest_of, find_members
from shuke_core.members.texts import seal_text
from shuke_core.members.visitors import absorb_visitor, lock_people
from shuke_core.suppression.services import lift_suppression
from shuke_core.wechat.errors import WechatBusy
from shuke_core.wechat.queries import PhoneClaimReason
from shuke_core.wechat.services import WechatPhone

_TURNS = 5  # each is lost to somebody who binds or gives up this very number in the same moment

# Whether the member was inactive for the months. A log-in proves that it was them; a purchase is named
# by whatever phone was said at the till, which is also how the number's next owner buys. So purchases
# go on from what was proved, or from the first that is known, and those after a gap of the months prove
# nothing: the number may be somebody else's since. Who has joined and done nothing yet has joined.
_LAST_SEEN = """
WITH proved AS (
    SELECT max(t.created_at) AS at FROM member_token t
      JOIN member o ON o.tenant_id = $1 AND o.id = t.member_id AND (o.id = $2 OR o.merged_into_id = $2)
     WHERE t.tenant_id = $1
), act AS (
    SELECT at FROM proved WHERE at IS NOT NULL
     UNION ALL
    SELECT o.placed_at FROM orders o, proved p
     WHERE o.tenant_id = $1 AND o.member_id = $2 AND (o.placed_at > p.at OR p.at IS NULL)
     UNION ALL
    SELECT e.happened_at FROM ledger_account a
      JOIN ledger_entry e ON e.tenant_id = $1 AND e.account_id = a.id AND e.kind = 'spend', proved p
     WHERE a.tenant_id = $1 AND a.member_id = $2 AND (e.happened_at > p.at OR p.at IS NULL)
), known AS (
    SELECT at FROM act WHERE at <= $3::timestamptz
     UNION ALL
    SELECT joined_at FROM member WHERE tenant_id = $1 AND id = $2 AND NOT EXISTS (SELECT FROM act)
     UNION ALL
    SELECT $3::timestamptz
), gap AS (
    SELECT at, lag(at) OVER (ORDER BY at) AS before FROM known
)
SELECT EXISTS (SELECT FROM member_identity i
                WHERE i.tenant_id = $1 AND i.member_id = m.id AND i.kind = 'openid'
                  AND i.state = 'active') AS in_use,
       EXISTS (SELECT FROM gap WHERE before < at - make_interval(months => $4)) AS inactive
  FROM member m WHERE m.tenant_id = $1 AND m.id = $2
"""


@dataclass(frozen=True, slots=True)
class Bound:
    """Who the caller is now; `waits`: the phone is not theirs yet, staff decide."""

    member_id: UUID
    waits: bool = False


async def bind_phone(member_id: UUID, told: WechatPhone) -> Bound:
    """The phone becomes the caller's, a visitor or a member who changes theirs.

    A visitor whose phone a member has already (from the till, say) becomes that member. Unless that
    one was inactive for the mini-program's months, or another OpenID has them: then, and for a
    member who asks for somebody else's phone, a claim waits for staff; asked again it is the same
    claim. However many do this at once, the phone ends with one member. Raises MemberUnknown, and
    WechatBusy where others were always faster.
    """
    identity = Identity.of_phone(told.phone)
    await lift_suppression([identity])  # who was erased comes back by their own hand
    for _ in range(_TURNS):
        if await take_phone(member_id, told.phone):
            await _settle(member_id, identity)
            return Bound(member_id)
        holder = (await find_members([identity])).get(identity)
        if holder is None:
            if (await lock_people(member_id)).get(member_id) not in ("visitor", "active"):
                raise MemberUnknown()
            continue
        if holder == member_id:
            return Bound(member_id)
        states = await lock_people(member_id, holder)
        if (await find_members([identity])).get(identity) != holder:
            continue
        if states.get(member_id) not in ("visitor", "active"):
            raise MemberUnknown()
        reason = PhoneClaimReason.TAKEN
        if states[member_id] == "visitor":
            why = await _why_not(holder, told)
            if why is None:
                await absorb_visitor(member_id, holder)
                return Bound(holder)
            reason = why
        await _claim(member_id, holder, told, reason)
        return Bound(member_id, waits=True)
    raise WechatBusy()


async def _why_not(holder: UUID, told: WechatPhone) -> PhoneClaimReason | None:
    """What speaks against whoever has the phone now being who was known by it; None: nothing."""
    row = await fetch_one(_LAST_SEEN, *(holder, clock.now(), told.inactive_months))
    if row is None:
        raise MemberUnknown()
    if row["in_use"]:
        return PhoneClaimReason.IN_USE
    return PhoneClaimReason.INACTIVE if row["inactive"] else None


async def _claim(
    member_id: UUID, holder: UUID, told: WechatPhone, reason: PhoneClaimReason
) -> None:
    row_id, phone = new_id(), told.phone
    digest = await digest_of(Identity.of_phone(phone))
    await fetch(
        "INSERT INTO phone_claim (tenant_id, id, member_id, holder_id, reason, digest, sealed, "
        "phone_masked, state, claimed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9) "
        "ON CONFLICT (tenant_id, member_id, digest) WHERE state = 'waiting' "
        "DO UPDATE SET holder_id = $4, reason = $5",
        *(row_id, member_id, holder, reason.value, digest),
        await seal_text(phone.e164, "phone_claim", row_id, "sealed", member_id),
        *(phone.masked, clock.now()),
    )
    if reason is PhoneClaimReason.TAKEN:  # else it is a visitor's, and waits there alone
        await note_double(member_id, holder, DoubleReason.PHONE)


async def _settle(member_id: UUID, identity: Identity) -> None:
    """The phone is theirs: what they had claimed of it is over, and makes nobody their double."""
    rows = await fetch(
        "UPDATE phone_claim SET state = 'settled', decided_at = $4 WHERE tenant_id = $1 "
        "AND member_id = $2 AND digest = $3 AND state = 'waiting' RETURNING holder_id",
        *(member_id, await digest_of(identity), clock.now()),
    )
    for row in rows:
        await forget_double(member_id, row["holder_id"], DoubleReason.PHONE)

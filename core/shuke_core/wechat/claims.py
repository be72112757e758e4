"""Staff decide on claims of phones: one person, or another one."""

from uuid import UUID

from shuke_core.access.permissions import MEMBERS_MERGE
from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.transactions import Row, fetch, fetch_one
from shuke_core.members.doubles import DoubleReason, forget_double
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.identities import lose_phone, take_phone
from shuke_core.members.phones import Phone
from shuke_core.members.services import Identity, find_members
from shuke_core.members.texts import SealedText, open_texts
from shuke_core.members.visitors import absorb_visitor, lock_people
from shuke_core.merging.errors import MembersCannotMerge
from shuke_core.merging.services import merge_members
from shuke_core.stepup.operations import Arguments, demands_step_up
from shuke_core.wechat.errors import (
    PhoneClaimDecided,
    PhoneClaimNeedsMerge,
    PhoneClaimStale,
    PhoneClaimUnknown,
)

_HERE = ("visitor", "active")
# Who they are now: either may have been merged into somebody since.
_CLAIM = """
SELECT c.state, c.sealed, c.phone_masked, c.member_id AS sealed_for,
       coalesce(m.merged_into_id, m.id) AS claimant, coalesce(h.merged_into_id, h.id) AS holder
  FROM phone_claim c
  JOIN member m ON m.tenant_id = $1 AND m.id = c.member_id
  LEFT JOIN member h ON h.tenant_id = $1 AND h.id = c.holder_id  -- who may have been erased
 WHERE c.tenant_id = $1 AND c.id = $2
"""


async def decide_claim(
    claim_id: UUID, staff_id: UUID, *, same_person: bool, may_merge: bool = False
) -> UUID | None:
    """Ends a claim. One person: a visitor becomes the member who has the phone, a member is merged into
    that one. Another one: the phone is the claimant's, a member from now on; whoever had it keeps
    everything but the phone. Returns the merge, if there was one, by which it is undone.

    Raises PhoneClaimUnknown, PhoneClaimDecided, PhoneClaimStale, and PhoneClaimNeedsMerge where one
    person has two memberships and this is not to merge them.
    """
    claim = await fetch_one(_CLAIM, claim_id)
    if claim is None:
        raise PhoneClaimUnknown()
    claimant, holder, merge_id = claim["claimant"], claim["holder"], None
    # Members first, as `bind_phone` does; a merge holds them in its own way.
    if same_person and claim["state"] == "waiting":
        merge_id = await _bring_together(claim_id, claimant, holder, may_merge=may_merge)
        await _hold_waiting(claim_id)
    else:
        states = await lock_people(*filter(None, (claimant, holder)))
        await _hold_waiting(claim_id)
        if states.get(claimant) not in _HERE:
            raise PhoneClaimStale()
        await _hand_over(claim_id, claim, claimant, holder)
    await fetch(
        "UPDATE phone_claim SET state = $3, decided_at = $4, decided_by_id = $5 "
        "WHERE tenant_id = $1 AND id = $2",
        *(claim_id, "same" if same_person else "other", clock.now(), staff_id),
    )
    await record(
        "phone_claim.decided",
        f"phone_claim:{claim_id}",
        changes={
            "same_person": (None, same_person),
            "phone": (None, claim["phone_masked"]),
            **({"merge": (None, str(merge_id))} if merge_id else {}),
        },
        # Whose the phone is from now on: with whoever that is the entry goes.
        member_id=holder if same_person else claimant,
    )
    return merge_id


async def _card(given: Arguments) -> str:
    """Whom it is about: the end of the claimant's card number."""
    row = await fetch_one(
        "SELECT right(m.card_no, 4) AS ending FROM phone_claim c "
        "JOIN member m ON m.tenant_id = $1 AND m.id = c.member_id "
        "WHERE c.tenant_id = $1 AND c.id::text = $2",
        str(given["id"]),
    )
    return f"…{row['ending']}" if row else "?"


@demands_step_up(
    "phone_claims.merge",
    {"zh": "通过手机号申诉合并会员", "en": "Merge two members by a claim of a phone"},
    MEMBERS_MERGE,
    describe=_card,
)
async def merge_claim(id: UUID) -> UUID | None:
    """Ends a claim of one person who has two memberships, as the actor of the unit: the claimant is
    merged into who has the phone. Returns the merge, by which it is undone; None where they were one
    already, or the claimant is a visitor, who needs none. Raises as `decide_claim`.
    """
    actor = current_actor()
    assert actor.id is not None  # noqa: S101 (staff, by the permission)
    return await decide_claim(id, actor.id, same_person=True, may_merge=True)


async def _hold_waiting(claim_id: UUID) -> None:
    row = await fetch_one(
        "SELECT state FROM phone_claim WHERE tenant_id = $1 AND id = $2 FOR UPDATE", claim_id
    )
    if row is None or row["state"] != "waiting":
        raise PhoneClaimDecided()


async def _bring_together(
    claim_id: UUID, claimant: UUID, holder: UUID | None, *, may_merge: bool
) -> UUID | None:
    if claimant == holder:  # somebody has merged them meanwhile
        return None
    rows = await fetch(
        "SELECT id, state FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
        [claimant, holder],
    )
    states = {row["id"]: row["state"] for row in rows}
    if holder is None or states.get(holder) != "active" or states.get(claimant) not in _HERE:
        raise PhoneClaimStale()
    if states[claimant] == "active" and not may_merge:
        raise PhoneClaimNeedsMerge()
    try:
        if states[claimant] == "active":
            return await merge_members(holder, claimant, reason="phone claim")
        await absorb_visitor(claimant, holder)
    except (
        MemberUnknown,
        MembersCannotMerge,
    ):  # somebody was faster: with this claim, or otherwise
        await _hold_waiting(claim_id)
        raise PhoneClaimStale() from None
    return None


async def _hand_over(claim_id: UUID, claim: Row, claimant: UUID, holder: UUID | None) -> None:
    phone = await _phone(claim_id, claim)
    identity = Identity.of_phone(phone)
    has_it = (await find_members([identity])).get(identity)
    if has_it == claimant:
        return
    if claimant == holder or has_it not in (None, holder):
        raise PhoneClaimStale()
    if holder is not None:
        await lose_phone(holder, phone)
        await forget_double(claimant, holder, DoubleReason.PHONE)
    if not await take_phone(claimant, phone):
        raise PhoneClaimStale()


async def _phone(claim_id: UUID, claim: Row) -> Phone:
    text = SealedText("phone_claim", claim_id, "sealed", claim["sealed_for"], claim["sealed"])
    (e164,) = await open_texts([text])
    if e164 is None:  # the claimant was erased
        raise PhoneClaimStale()
    return Phone(e164, claim["phone_masked"])

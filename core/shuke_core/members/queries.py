"""Reads of members."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.kit.transactions import fetch_one
from shuke_core.members.errors import MemberUnknown


@dataclass(frozen=True, slots=True)
class MemberCard:
    """What a member's card shows. The phone is masked; the plain one is a separate, audited read."""

    id: UUID
    card_no: str
    phone_masked: str | None
    joined_at: datetime


async def member_card(member_id: UUID) -> MemberCard:
    """The card of an active member; an unknown id and another tenant's raise MemberUnknown alike."""
    row = await fetch_one(
        "SELECT id, card_no, phone_masked, joined_at FROM member "
        "WHERE tenant_id = $1 AND id = $2 AND state = 'active'",
        member_id,
    )
    if row is None:
        raise MemberUnknown()
    return MemberCard(**row)

"""The verbs of blocks: block a member for a purpose, and let them be again."""

from datetime import datetime
from uuid import UUID

from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.blocks.errors import BlockEndInvalid, BlockReasonMissing, BlockUnknown
from shuke_core.blocks.queries import BlockPurpose
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.following import lock_member

LONGEST_REASON = 200


async def block_member(
    member_id: UUID, purpose: BlockPurpose, reason: str, until: datetime | None
) -> None:
    """Blocks the member from now on, until then or for good; a block that stands is replaced.

    What was got before stays. Raises MemberUnknown, BlockReasonMissing, BlockEndInvalid.
    """
    try:
        why = clean_text(without_people(reason), longest=LONGEST_REASON)
    except Unclean:
        why = None
    if why is None:
        raise BlockReasonMissing(longest=LONGEST_REASON)
    now, actor = clock.now(), current_actor()
    if until is not None and until <= now:
        raise BlockEndInvalid()
    member_id = await lock_member(member_id, "NO KEY UPDATE", visitors=False)
    before = await fetch_one(
        "SELECT until FROM member_block WHERE tenant_id = $1 AND member_id = $2 AND purpose = $3 "
        "AND set_aside_by_id IS NULL AND (until IS NULL OR until > $4)",
        *(member_id, purpose.value, now),
    )
    await fetch(
        "INSERT INTO member_block (tenant_id, id, member_id, purpose, reason, until, actor_id, "
        "actor_name, blocked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
        "ON CONFLICT (tenant_id, member_id, purpose) WHERE set_aside_by_id IS NULL "
        "DO UPDATE SET brought_by_id = NULL, reason = excluded.reason, "
        "until = excluded.until, actor_id = excluded.actor_id, actor_name = excluded.actor_name, "
        # One that is replaced goes on: what came meanwhile stays withheld.
        "blocked_at = CASE WHEN member_block.until <= excluded.blocked_at THEN excluded.blocked_at "
        "ELSE member_block.blocked_at END",
        *(new_id(), member_id, purpose.value, why, until, actor.id, actor.name, now),
    )
    await record(
        "member.blocked",
        f"member:{member_id}",
        changes={purpose.value: (_end(before["until"]) if before else None, _end(until))},
        member_id=member_id,
        reason=why,
    )


async def unblock_member(member_id: UUID, purpose: BlockPurpose) -> None:
    """Ends the block now. What was withheld meanwhile is not made up for. Raises MemberUnknown,
    BlockUnknown."""
    member_id = await lock_member(member_id, "NO KEY UPDATE", visitors=False)
    rows = await fetch(
        "DELETE FROM member_block WHERE tenant_id = $1 AND member_id = $2 AND purpose = $3 "
        "AND set_aside_by_id IS NULL RETURNING until",
        *(member_id, purpose.value),
    )
    if not rows or (rows[0]["until"] is not None and rows[0]["until"] <= clock.now()):
        raise BlockUnknown()
    await record(
        "member.unblocked",
        f"member:{member_id}",
        changes={purpose.value: (_end(rows[0]["until"]), None)},
        member_id=member_id,
    )


def _end(until: datetime | None) -> str:
    return "for good" if until is None else until.isoformat()

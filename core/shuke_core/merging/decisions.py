"""A merge that staff decide on: done with a fresh second factor for just these two."""

from collections.abc import Mapping
from uuid import UUID

from shuke_core.access.permissions import MEMBERS_MERGE
from shuke_core.kit.transactions import fetch
from shuke_core.merging.rules import FieldRule
from shuke_core.merging.services import merge_members
from shuke_core.stepup.operations import Arguments, demands_step_up


async def _cards(given: Arguments) -> str:
    """Whom it is about, as approvers and the audit see it: the ends of both card numbers."""
    ids = [str(given["survivor"]), str(given["absorbed"])]
    rows = await fetch(
        "SELECT id::text AS id, right(card_no, 4) AS ending FROM member "
        "WHERE tenant_id = $1 AND id::text = ANY ($2::text[])",
        ids,
    )
    endings = {row["id"]: row["ending"] for row in rows}
    kept, gone = (f"…{endings[each]}" if each in endings else "?" for each in ids)
    return f"{gone} → {kept}"


@demands_step_up(
    "members.merge",
    {"zh": "合并会员", "en": "Merge two members"},
    MEMBERS_MERGE,
    describe=_cards,
)
async def decide_merge(
    survivor: UUID, absorbed: UUID, choices: Mapping[str, FieldRule], reason: str
) -> UUID:
    """Merges them as `merge_members` does, and raises what that raises; returns the merge's id."""
    return await merge_members(survivor, absorbed, choices, reason)

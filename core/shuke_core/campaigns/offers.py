"""What runs now, as a member sees it: what is left, whether they may take part, and how often they did.

A campaign that is for others is not shown. Nor is any to who is known to be under fourteen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shuke_core.blocks.queries import BLOCKED, BlockPurpose
from shuke_core.campaigns.audiences import audiences_with
from shuke_core.campaigns.rules import Channel, places_left
from shuke_core.consents.queries import TRAITS_ALLOWED, youngest_born
from shuke_core.kit import clock
from shuke_core.kit.transactions import Row, fetch

_ONLINE = (Channel.MINI_PROGRAM.value, Channel.WEB_SHOP.value)

# Over the running campaigns `c` and the member `m`; `{member}`, `{now}` and `{born}` are parameters. To
# a visitor they are shown, to be joined once they are a member.
RUNNING = f"""
  FROM campaign c
  JOIN member m ON m.tenant_id = $1 AND m.id = {{member}}
   AND (m.state = 'visitor' OR ({TRAITS_ALLOWED}))
  LEFT JOIN rule_version v ON v.tenant_id = $1 AND v.id = c.audience_id
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(p.times), 0)::int AS times FROM campaign_participation p
        WHERE p.tenant_id = $1 AND p.campaign_id = c.id AND p.kind = 'joined'
          AND p.member_id IN (SELECT m.id UNION ALL SELECT a.id FROM member a
                               WHERE a.tenant_id = $1 AND a.merged_into_id = m.id)) j
 WHERE c.tenant_id = $1 AND c.state = 'approved' AND c.starts_at <= {{now}} AND c.ends_at > {{now}}
   AND c.channels ?| ARRAY{list(_ONLINE)}
"""
# Whether the member may take part, but for the audience and what is left.
ALLOWED = (
    "(m.state = 'active' AND j.times < c.per_member AND (c.reward_points = 0 OR NOT "
    + BLOCKED.format(purpose=f"'{BlockPurpose.POINTS.value}'", now="{now}")
    + "))"
)
# What is left, as `rules.places_left` says.
LEFT = """least(c.places - c.joined, CASE WHEN c.reward_points > 0
    THEN (c.budget_points - c.spent_points) / c.reward_points END)"""
_COLUMNS = (
    "SELECT c.id, c.name_zh, c.name_en, c.starts_at, c.ends_at, c.channels::text AS channels, "
    "c.places, c.joined, c.budget_points, c.spent_points, c.reward_points, c.per_member, "
    f"c.audience_id, v.document::text AS document, j.times, {ALLOWED} AS allowed"
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A campaign that runs, to one member. `left`: how many may still take part; None: no bound."""

    id: UUID
    name_zh: str
    name_en: str
    starts_at: datetime
    ends_at: datetime
    channels: tuple[Channel, ...]
    reward_points: int
    per_member: int
    times: int
    left: int | None
    joinable: bool


async def offers_to(member_id: UUID) -> list[Offer]:
    """What runs now for the member, what ends first first: one statement, and one for audiences."""
    marks = {"member": "$2", "now": "$3", "born": "$4"}
    rows = await fetch(
        (_COLUMNS + RUNNING).format(**marks) + " ORDER BY c.ends_at, c.id",
        *(member_id, clock.now(), await youngest_born()),
    )
    return [_offer(row) for row in await for_whom_they_are(member_id, rows)]


async def offer_to(member_id: UUID, campaign_id: UUID) -> Offer | None:
    """One of these."""
    return next((each for each in await offers_to(member_id) if each.id == campaign_id), None)


async def for_whom_they_are(member_id: UUID, rows: Sequence[Row]) -> list[Row]:
    """The rows that are for the member, or that they have joined already; `allowed` is false of what
    is no longer theirs to join. A row has `audience_id`, `document`, `times` and `allowed`."""
    pinned: dict[UUID, Any] = {
        row["audience_id"]: orjson.loads(row["document"]) for row in rows if row["document"]
    }
    found = await audiences_with(member_id, pinned) if pinned else set()
    kept: list[Row] = []
    for row in rows:
        is_theirs = row["audience_id"] is None or row["audience_id"] in found
        if is_theirs or row["times"]:
            kept.append({**row, "allowed": row["allowed"] and is_theirs})
    return kept


def _offer(row: Row) -> Offer:
    left = places_left(
        *(row["places"], row["joined"]),
        *(row["budget_points"], row["spent_points"], row["reward_points"]),
    )
    return Offer(
        *(row["id"], row["name_zh"], row["name_en"], row["starts_at"], row["ends_at"]),
        tuple(Channel(each) for each in orjson.loads(row["channels"])),
        *(row["reward_points"], row["per_member"], row["times"], left),
        joinable=row["allowed"] and left != 0,
    )

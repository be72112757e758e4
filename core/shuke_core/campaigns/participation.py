"""The verbs of members: see campaigns, and take part in one."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import orjson

from shuke_core.blocks.queries import BlockPurpose, blocked_members
from shuke_core.campaigns.audiences import is_for
from shuke_core.campaigns.errors import (
    CampaignClosed,
    CampaignFull,
    CampaignNotForMember,
    CampaignUnknown,
)
from shuke_core.campaigns.events import CampaignJoined
from shuke_core.consents.queries import may_have_traits
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.members.following import lock_member
from shuke_core.points.rewards import book_rewards, life_of_rewards

CAUSE = "campaign"
MOST_SEEN = 50  # campaigns that are told of at once
_REFUSED: dict[str, type[ShukeError]] = {
    "unknown": CampaignUnknown,
    "closed": CampaignClosed,
    "full": CampaignFull,
}
# Known campaigns that run. Of who looks again within a minute nothing is written: a retry costs little
# and counts nothing.
_SEEN = """
WITH held AS (SELECT who FROM member_hold($1, ARRAY[$2::uuid]))
INSERT INTO campaign_participation AS p (tenant_id, id, campaign_id, member_id, kind, times, points,
                                         first_at, last_at)
SELECT $1, gen_random_uuid(), c.id, h.who, 'seen', 1, 0, $4, $4
  FROM campaign c CROSS JOIN held h
 WHERE c.tenant_id = $1 AND c.id = ANY ($3::uuid[]) AND c.state = 'approved'
   AND c.starts_at <= $4 AND c.ends_at > $4
 ORDER BY c.id
    ON CONFLICT (tenant_id, member_id, campaign_id, kind) DO UPDATE
   SET times = p.times + 1, last_at = excluded.last_at
 WHERE p.last_at <= excluded.last_at - interval '1 minute'
RETURNING p.campaign_id
"""


@dataclass(frozen=True, slots=True)
class Joined:
    """How a member stands to a campaign: taken part `nth` times in all; `points` came of this time."""

    nth: int
    points: int
    is_new: bool


async def see_campaigns(member_id: UUID, campaign_ids: Collection[UUID]) -> int:
    """Counts that the member has seen these, each once a minute at most; returns how many counted.

    Nothing is kept of who is known to be under fourteen, of visitors, nor of what does not run.
    """
    ids = sorted(set(campaign_ids))[:MOST_SEEN]
    if not ids or not await may_have_traits([member_id]):
        return 0
    return len(await fetch(_SEEN, member_id, ids, clock.now()))


async def join_campaign(member_id: UUID, campaign_id: UUID) -> Joined:
    """Takes part in a campaign that runs, and earns its reward, as often as its terms let a member.

    Whom it is for is decided with the facts of this moment. Once more than the terms let, nothing
    happens and how it stands is answered. What is left of it is used under its lock, in one trip.
    Raises MemberUnknown (a visitor is no member), CampaignUnknown, CampaignClosed, CampaignFull, and
    CampaignNotForMember: of another audience, under fourteen, or kept from points that it gives.
    """
    member_id = await lock_member(member_id, "KEY SHARE", visitors=False)
    while True:  # once more where staff have given it other terms in between
        audience_id, document, reward = await _looked_at(campaign_id)
        if not await _may_join(member_id, document, reward):
            raise CampaignNotForMember()
        # Read ahead of the lock, for which all wait who join.
        lapses_at = await life_of_rewards() if reward else None
        now = clock.now()
        row = await fetch_one(
            "SELECT * FROM campaign_join($1, $2, $3, $4, $5, $6)",
            *(campaign_id, member_id, audience_id, reward, now),
        )
        assert row is not None  # noqa: S101 (the function answers one row)
        if row["outcome"] in _REFUSED:
            raise _REFUSED[row["outcome"]]()
        if row["outcome"] != "changed":
            break
    joined = Joined(row["nth"], row["points"], row["outcome"] == "new")
    if joined.points:
        cause = cause_of(row["reward"], row["reward_nth"])
        await book_rewards(member_id, CAUSE, {cause: joined.points}, lapses_at, campaign_id)
    if joined.is_new:
        announce(CampaignJoined(campaign_id, member_id, joined.nth, joined.points, now))
    return joined


def cause_of(reward_id: UUID, nth: int) -> UUID:
    """The business identity of a reward: the row of this member's rewards, and which of them it is. It
    goes along with the row when members are merged and come apart, and earns once."""
    return uuid5(reward_id, str(nth))


async def _looked_at(campaign_id: UUID) -> tuple[UUID | None, Any, int]:
    """The campaign's audience with its document, and its reward."""
    row = await fetch_one(
        "SELECT c.audience_id, v.document::text AS document, c.reward_points FROM campaign c "
        "LEFT JOIN rule_version v ON v.tenant_id = $1 AND v.id = c.audience_id "
        "WHERE c.tenant_id = $1 AND c.id = $2 AND c.approved_at IS NOT NULL",
        campaign_id,
    )
    if row is None:  # a draft is not told of
        raise CampaignUnknown()
    document = orjson.loads(row["document"]) if row["document"] else None
    return row["audience_id"], document, row["reward_points"]


async def _may_join(member_id: UUID, document: Any, reward: int) -> bool:
    if not await may_have_traits([member_id]):
        return False
    if reward and await blocked_members([member_id], BlockPurpose.POINTS):
        return False
    return document is None or await is_for(member_id, document)

"""Reads of campaigns: what the API shows of them to staff, and which one a code names."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from shuke_core.campaigns.offers import LEFT
from shuke_core.campaigns.rules import CampaignPhase, ParticipationKind
from shuke_core.kit.transactions import fetch
from shuke_core.members.queries import Member
from shuke_core.projection.declare import (
    ID,
    Long,
    Page,
    Projection,
    inline,
    one,
    pages,
    python,
    sql,
)
from shuke_core.projection.reads import Read
from shuke_core.staff.queries import Colleague

# As `rules.phase_of` says; a test holds the two equal.
_PHASE = """
(case when this.state in ('approved', 'paused') and :now >= this.ends_at then 'ended'
      when this.state = 'approved' and :now >= this.starts_at then 'running'
      else this.state end)
"""


def _took_part(kind: ParticipationKind) -> str:
    """How many members did that: counted along one index, which holds all it takes."""
    return (
        "(select count(*) from campaign_participation p where p.tenant_id = :tenant "
        f"and p.campaign_id = this.id and p.kind = '{kind.value}')"
    )


def _rate(part: ParticipationKind, whole: ParticipationKind) -> str:
    return f"(1000 * {_took_part(part)} / nullif({_took_part(whole)}, 0))::int"


class CampaignRates(Projection):
    """How many members saw a campaign, joined it and were rewarded."""

    seen: Long = sql(_took_part(ParticipationKind.SEEN))
    joined: Long = sql(_took_part(ParticipationKind.JOINED))
    rewarded: Long = sql(_took_part(ParticipationKind.REWARDED))
    joined_per_mille: int | None = sql(_rate(ParticipationKind.JOINED, ParticipationKind.SEEN))
    rewarded_per_mille: int | None = sql(
        _rate(ParticipationKind.REWARDED, ParticipationKind.JOINED)
    )


class CampaignAudience(Projection, table="rule_version"):
    """The version of a rule that says whom a campaign is for."""

    rule_id: ID
    version: int
    name: str = sql(
        "(select r.name from rule_document r where r.tenant_id = :tenant and r.id = this.rule_id)"
    )


class Participation(Projection, table="campaign_participation"):
    """That a member saw a campaign, joined it or was rewarded."""

    id: ID
    member: Member | None = one("this.id = parent.member_id")
    kind: ParticipationKind
    times: int
    points: Long
    first_at: datetime
    last_at: datetime


class Campaign(Projection, table="campaign"):
    """A campaign, as staff see it."""

    id: ID
    code: str
    name_zh: str
    name_en: str
    goal: str
    phase: CampaignPhase = sql(_PHASE)
    version: int
    starts_at: datetime
    ends_at: datetime
    audience: CampaignAudience | None = one("this.id = parent.audience_id")
    channels: list[str] = python("channels")
    places: int | None
    budget_points: Long | None
    reward_points: Long
    per_member: int
    times_joined: int = sql("this.joined")
    spent_points: Long
    left: Long | None = sql(LEFT.replace("c.", "this."))
    submitted_by: Colleague | None = one("this.id = parent.submitted_by_id")
    approved_by: Colleague | None = one("this.id = parent.approved_by_id")
    approved_at: datetime | None
    rejected_because: str
    created_at: datetime
    changed_at: datetime
    rates: CampaignRates = inline()
    participants: Page[Participation] = pages(
        "this.campaign_id = parent.id", "this.kind = :kind", newest="first_at"
    )


def campaign_of_id(campaign_id: UUID) -> Read:
    """A campaign; null for an id that is not there."""
    return Read.one(Campaign, "this.id = :id", given={"id": campaign_id})


def campaigns_listed(phase: CampaignPhase | None, first: int, after: str | None) -> Read:
    """Campaigns, the newest first: all, or those that stand so now."""
    return Read.page(
        Campaign,
        f"{_PHASE.strip()} = :phase",
        newest="created_at",
        listed="campaigns",
        given={"first": first, "after": after, "phase": phase.value if phase else None},
    )


async def campaigns_of_codes(codes: Collection[str]) -> Mapping[str, UUID]:
    """The campaigns of these codes that have been approved at some time: what is no more than a draft
    has not been told to anybody."""
    rows = await fetch(
        "SELECT code, id FROM campaign WHERE tenant_id = $1 AND code = ANY ($2::text[]) "
        "AND approved_at IS NOT NULL",
        sorted(codes),
    )
    return {row["code"]: row["id"] for row in rows}

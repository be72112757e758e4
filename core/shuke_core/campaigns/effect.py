"""What came of a campaign, day by day: who joined, points given and taken back, orders and amounts.

By time × segment × campaign: any stretch of days of the tenant's calendar, all members or those for
whom a rule holds. Orders of nobody's count only where no segment is asked for.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shuke_core.campaigns.errors import CampaignInvalid, CampaignUnknown
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, fetch_value
from shuke_core.ledger.services import POINTS
from shuke_core.rules.in_sql import Condition
from shuke_core.tenants.queries import this_tenant

MOST_DAYS = 366

_EFFECT = """
WITH joined AS (
    SELECT (p.first_at AT TIME ZONE $5)::date AS day, count(*) AS members
      FROM campaign_participation p
     WHERE p.tenant_id = $1 AND p.campaign_id = $2 AND p.kind = 'joined'
       AND p.first_at >= $3 AND p.first_at < $4 {members[p.member_id]}
     GROUP BY 1
), moved AS (
    SELECT (e.happened_at AT TIME ZONE $5)::date AS day,
           coalesce(sum(e.amount) FILTER (WHERE e.kind = 'earn'), 0)::int8 AS given,
           coalesce(-sum(e.amount) FILTER (WHERE e.kind = 'claw_back'), 0)::int8 AS taken_back
      FROM ledger_entry e
      JOIN ledger_account a ON a.tenant_id = $1 AND a.id = e.account_id AND a.asset = '{asset}'
     WHERE e.tenant_id = $1 AND e.campaign_id = $2
       AND e.happened_at >= $3 AND e.happened_at < $4 {members[a.member_id]}
     GROUP BY 1
), sold AS (
    SELECT (o.placed_at AT TIME ZONE $5)::date AS day, count(*) AS orders,
           sum(o.total_fen)::int8 AS total_fen, sum(o.refunded_fen)::int8 AS refunded_fen
      FROM orders o
     WHERE o.tenant_id = $1 AND o.campaign_id = $2 AND o.completed_at IS NOT NULL
       AND o.placed_at >= $3 AND o.placed_at < $4 {members[o.member_id]}
     GROUP BY 1
)
SELECT d.day, coalesce(j.members, 0) AS joined, coalesce(m.given, 0) AS points_given,
       coalesce(m.taken_back, 0) AS points_taken_back, coalesce(s.orders, 0) AS orders,
       coalesce(s.total_fen, 0) AS total_fen, coalesce(s.refunded_fen, 0) AS refunded_fen
  FROM generate_series($6::date, $7::date, interval '1 day') AS t(at)
 CROSS JOIN LATERAL (SELECT t.at::date AS day) d
  LEFT JOIN joined j ON j.day = d.day
  LEFT JOIN moved m ON m.day = d.day
  LEFT JOIN sold s ON s.day = d.day
 ORDER BY d.day
"""
_BEFORE = 7  # parameters of the statement, its tenant among them


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a campaign. Members who joined that day for the first time; amounts are fen."""

    day: date
    joined: int
    points_given: int
    points_taken_back: int
    orders: int
    total_fen: int
    refunded_fen: int


class _Among(dict[str, str]):
    """The condition that a column names a member of the segment, by the column."""

    def __init__(self, segment: str) -> None:
        super().__init__()
        self._segment = segment

    def __missing__(self, column: str) -> str:
        if not self._segment:
            return ""
        return (
            f"AND EXISTS (SELECT FROM member m WHERE m.tenant_id = $1 AND m.id = {column} "
            f"AND ({self._segment}))"
        )


async def effect_of(
    campaign_id: UUID, first: date, last: date, segment: Condition | None = None
) -> list[Day]:
    """The campaign's days from `first` to `last`, both of them too; of a segment of members or of all.

    Raises CampaignUnknown, and CampaignInvalid for days that do not follow or are more than 366.
    """
    if not 0 <= (last - first).days < MOST_DAYS:
        raise CampaignInvalid(field="until", why=f"name 1 to {MOST_DAYS} days, in their order")
    known = "SELECT true FROM campaign WHERE tenant_id = $1 AND id = $2"
    if not await fetch_value(known, campaign_id):
        raise CampaignUnknown()
    text, values = segment.numbered("m", before=_BEFORE) if segment else ("", list[Any]())
    zone = (await this_tenant()).zone
    rows = await fetch(
        _EFFECT.format(members=_Among(text), asset=POINTS),
        campaign_id,
        clock.start_of_day(first, zone),
        clock.start_of_day(last + timedelta(days=1), zone),
        zone.key,
        *(first, last, *values),
    )
    return [Day(**row) for row in rows]

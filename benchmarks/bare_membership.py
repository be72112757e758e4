"""The limit of the row `membership`: the page of `read` with benefits and campaigns, in one statement.

Written by hand for just the campaigns of the suite: whom they are for stands in it, and is no rule.
"""

ENOUGH = 1_500  # points, of which two of the suite's campaigns ask

_RUNNING = f"""
          FROM campaign c
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(p.times), 0)::int AS times FROM campaign_participation p
                WHERE p.tenant_id = $1 AND p.campaign_id = c.id AND p.kind = 'joined'
                  AND p.member_id IN (SELECT m.id UNION ALL SELECT x.id FROM member x
                                       WHERE x.tenant_id = $1 AND x.merged_into_id = m.id)) j
         CROSS JOIN LATERAL (
               SELECT least(c.places - c.joined, CASE WHEN c.reward_points > 0
                      THEN (c.budget_points - c.spent_points) / c.reward_points END) AS left,
                      j.times < c.per_member AND (c.reward_points = 0 OR NOT EXISTS (
                          SELECT FROM member_block b WHERE b.tenant_id = $1 AND b.member_id = m.id
                             AND b.purpose = 'points' AND b.set_aside_by_id IS NULL
                             AND b.blocked_at <= now() AND (b.until IS NULL OR b.until > now())))
                      AS allowed) l
         WHERE c.tenant_id = $1 AND c.state = 'approved'
           AND c.starts_at <= now() AND c.ends_at > now()
           AND (m.birthday < current_date - interval '14 years') IS NOT FALSE
           AND NOT (m.birthday IS NULL AND EXISTS (
               SELECT FROM consent g WHERE g.tenant_id = $1 AND g.member_id = m.id
                  AND g.given_by = 'guardian'))
           AND (c.audience_id IS NULL OR a.available >= {ENOUGH})
"""
_CAMPAIGNS = f"""(
        SELECT coalesce(json_agg(json_build_object(
                   'id', c.id, 'nameZh', c.name_zh, 'endsAt', c.ends_at, 'left', l.left,
                   'rewardPoints', c.reward_points, 'timesJoined', j.times,
                   'joinable', l.allowed AND l.left IS DISTINCT FROM 0)
                   ORDER BY c.ends_at, c.id), '[]')
        {_RUNNING})"""
_BENEFITS = f"""(
        SELECT coalesce(json_agg(json_build_object(
                   'kind', b.kind, 'nameZh', b.name_zh, 'state', b.state, 'amount', b.amount,
                   'timesLeft', b.times_left, 'until', b.until)
                   ORDER BY b.place, b.until, b.id), '[]')
          FROM (
        SELECT 1 AS place, 'points' AS kind, '可用积分' AS name_zh, 'AVAILABLE' AS state,
               a.available - coalesce((
                   SELECT sum(l.remaining) FROM ledger_lot l
                    WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.remaining > 0
                      AND (l.expires_at <= now() OR l.opens_at > now())), 0) AS amount,
               NULL::int8 AS times_left, NULL::timestamptz AS until, NULL::uuid AS id
         UNION ALL
        (SELECT 2, 'points', '即将过期的积分', 'EXPIRING', sum(l.remaining), NULL, l.expires_at, NULL
           FROM ledger_lot l
          WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.remaining > 0
            AND l.opens_at <= now() AND l.expires_at > now()
            AND l.expires_at <= now() + interval '30 days'
          GROUP BY l.expires_at ORDER BY l.expires_at LIMIT 5)
         UNION ALL
        SELECT 3, 'campaign', c.name_zh, CASE WHEN l.allowed AND l.left IS DISTINCT FROM 0
               THEN 'JOINABLE' ELSE 'JOINED' END, nullif(c.reward_points, 0), l.left, c.ends_at, c.id
        {_RUNNING}
           AND (j.times > 0 OR (l.allowed AND l.left IS DISTINCT FROM 0))) b)"""
_END = "LIMIT 11) o)\n)))::text"


def membership(page: str) -> str:
    """The statement of the member page, with the two parts beside what it has."""
    if page.count(_END) != 1:
        raise ValueError("the page of `read` does not end as it did")
    more = f"LIMIT 11) o),\n    'benefits', {_BENEFITS}), 'campaigns', {_CAMPAIGNS}))::text"
    return page.replace(_END, more)

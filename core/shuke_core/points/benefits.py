"""Points among what a member has: what can be spent now, and what of it lapses within thirty days."""

from shuke_core.ledger.queries import spendable
from shuke_core.ledger.services import POINTS
from shuke_core.members.benefits import BenefitKind, BenefitState, declare_benefit

_SOON_DAYS = 30
_SOONEST = 5

declare_benefit(
    BenefitKind(
        "points",
        {"zh": "积分", "en": "Points"},
        10,
        f"""
        SELECT * FROM (
            SELECT NULL AS ref, '可用积分' AS name_zh, 'Points to spend' AS name_en,
                   '{BenefitState.AVAILABLE.value}' AS state, {spendable("a", "$1", "{now}")} AS amount,
                   NULL::int8 AS times_left, NULL::timestamptz AS until, NULL AS beside
              FROM ledger_account a
             WHERE a.tenant_id = $1 AND a.member_id = {{member}} AND a.asset = '{POINTS}') had
         WHERE amount > 0
        UNION ALL
        (SELECT NULL, '即将过期的积分', 'Points that lapse soon', '{BenefitState.EXPIRING.value}',
                sum(l.remaining)::int8, NULL, l.expires_at, NULL
           FROM ledger_lot l JOIN ledger_account a ON a.tenant_id = $1 AND a.id = l.account_id
          WHERE l.tenant_id = $1 AND a.member_id = {{member}} AND a.asset = '{POINTS}'
            AND l.remaining > 0 AND l.opens_at <= {{now}} AND l.expires_at > {{now}}
            AND l.expires_at <= {{now}} + interval '{_SOON_DAYS} days'
          GROUP BY l.expires_at ORDER BY l.expires_at LIMIT {_SOONEST})
        """,
    )
)

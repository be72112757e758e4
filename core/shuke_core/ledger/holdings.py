"""What the ledger holds of a member: entries, lots and allocations hang on the account."""

from shuke_core.ledger.services import merge_holdings, unmerge_holdings
from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

_ENTRIES = """
(SELECT jsonb_agg(jsonb_build_object('kind', e.kind, 'amount', e.amount, 'at', e.happened_at)
                  ORDER BY e.happened_at, e.id)
   FROM ledger_entry e WHERE e.tenant_id = $1 AND e.account_id = this.id)
"""
_LOTS = """
(SELECT jsonb_agg(jsonb_build_object('left', l.remaining, 'until', l.expires_at)
                  ORDER BY l.expires_at, l.id)
   FROM ledger_lot l WHERE l.tenant_id = $1 AND l.account_id = this.id AND l.remaining > 0)
"""

declare_holdings(
    "ledger",
    Holding(
        "ledger_account",
        {"zh": "积分账户", "en": "Points"},
        OnMerge.OWN,
        OnErase.KEPT,
        shows={
            "asset": "this.asset",
            "available": "this.available",
            "debt": "this.debt",
            "entries": _ENTRIES,
            "lots": _LOTS,
        },
        merge=merge_holdings,
        unmerge=unmerge_holdings,
    ),
)

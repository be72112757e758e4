"""What orders hold of a member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

_LINES = """
(SELECT jsonb_agg(jsonb_build_object('name', l.name, 'quantity', l.quantity,
                                     'amountFen', l.amount_fen) ORDER BY l.line_no)
   FROM order_line l WHERE l.tenant_id = $1 AND l.order_id = this.id)
"""

declare_holdings(
    "orders",
    Holding(
        "orders",
        {"zh": "订单", "en": "Orders"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={
            "source": "this.source",
            "number": "this.external_no",
            "state": "this.state",
            "totalFen": "this.total_fen",
            "refundedFen": "this.refunded_fen",
            "currency": "this.currency",
            "placedAt": "this.placed_at",
            "lines": _LINES,
        },
    ),
)

"""What blocks hold of a member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "blocks",
    Holding(
        "member_block",
        {"zh": "限制", "en": "Blocks"},
        OnMerge.MOVES,
        OnErase.GOES,
        shows={
            "purpose": "this.purpose",
            "reason": "this.reason",
            "since": "this.blocked_at",
            "until": "this.until",
        },
        once=("purpose",),
    ),
)

"""What blocks hold of a member."""

from shuke_core.blocks.merging import merge_blocks, unmerge_blocks
from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "blocks",
    Holding(
        "member_block",
        {"zh": "限制", "en": "Blocks"},
        OnMerge.OWN,
        OnErase.GOES,
        shows={
            "purpose": "this.purpose",
            "reason": "this.reason",
            "since": "this.blocked_at",
            "until": "this.until",
        },
        merge=merge_blocks,
        unmerge=unmerge_blocks,
    ),
)

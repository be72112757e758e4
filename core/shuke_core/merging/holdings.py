"""What merging holds of a member: that they were merged, and when.

A merge keeps both as they were, under the survivor's key: it goes with whichever of them is erased.
"""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "merging",
    Holding(
        "member_merge",
        {"zh": "合并记录", "en": "Merges"},
        OnMerge.STAYS,
        OnErase.GOES,
        shows={"state": "this.state", "mergedAt": "this.merged_at", "undoneAt": "this.undone_at"},
        member="survivor_id",
        also=("absorbed_id",),
    ),
)

"""What merging holds of a member: who they may be as well, that they were merged, and when.

A merge keeps both as they were, under the survivor's key: it goes with whichever of them is erased.
"""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings
from shuke_core.merging.candidates import close_candidates, reopen_candidates

declare_holdings(
    "merging",
    Holding(
        "merge_candidate",
        {"zh": "疑似重复", "en": "Possible doubles"},
        OnMerge.OWN,
        OnErase.GOES,
        shows={"reason": "this.reason", "foundAt": "this.found_at"},
        also=("older_id",),
        merge=close_candidates,
        unmerge=reopen_candidates,
    ),
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

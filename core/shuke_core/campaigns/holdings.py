"""What campaigns hold of a member: that they saw one, joined it and were rewarded."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "campaigns",
    Holding(
        "campaign_participation",
        {"zh": "活动参与", "en": "Campaigns"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={
            "campaign": "(SELECT c.name_zh FROM campaign c WHERE c.tenant_id = $1 "
            "AND c.id = this.campaign_id)",
            "kind": "this.kind",
            "times": "this.times",
            "points": "this.points",
            "firstAt": "this.first_at",
            "lastAt": "this.last_at",
        },
        # Of two who had both joined each keeps theirs: together they have joined as often as both did.
        once=("campaign_id", "kind"),
    ),
)

"""What claims of phones hold of a member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "wechat",
    Holding(
        "phone_claim",
        {"zh": "手机号认领", "en": "Claims of phones"},
        OnMerge.STAYS,
        OnErase.GOES,
        shows={
            "phone": "this.phone_masked",
            "reason": "this.reason",
            "state": "this.state",
            "at": "this.claimed_at",
        },
    ),
)

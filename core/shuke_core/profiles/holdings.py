"""What profiles hold of a member; the built-in fields are columns of the member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "profiles",
    Holding(
        "profile_value",
        {"zh": "会员资料", "en": "Profile"},
        OnMerge.MOVES,
        OnErase.GOES,
        shows={
            "field": "this.field",
            "value": "coalesce(this.text, this.number::text, this.day::text)",
            "changedAt": "this.own_change_at",
        },
        once=("field",),
    ),
)

"""What profiles hold of a member, pictures too, which stand below; built-in fields are columns of the
member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings
from shuke_core.profiles.avatars import settle_avatars

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
    # A picture keeps the id of whose it was: whether it is shown is said by the rows of members.
    Holding(
        "file",
        {"zh": "图片", "en": "Pictures"},
        OnMerge.OWN,
        OnErase.GOES,
        shows={"type": "this.content_type", "bytes": "this.size", "sentAt": "this.created_at"},
        merge=settle_avatars,
        unmerge=settle_avatars,
    ),
)

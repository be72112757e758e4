"""What notes hold of a member. They are about the person, so the person may read them."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "notes",
    Holding(
        "member_note",
        {"zh": "员工备注", "en": "Notes of staff"},
        OnMerge.MOVES,
        OnErase.GOES,
        shows={"at": "this.written_at"},
        opens={"text": "sealed"},
    ),
)

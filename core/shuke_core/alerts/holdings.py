"""What alerts hold of a member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "alerts",
    Holding(
        "alert",
        {"zh": "员工提醒", "en": "Alerts of staff"},
        OnMerge.MOVES,
        OnErase.KEPT,
        why="It tells staff of their own work.",
    ),
)

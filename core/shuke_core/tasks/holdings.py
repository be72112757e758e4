"""What tasks hold of a member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "tasks",
    Holding(
        "task",
        {"zh": "跟进任务", "en": "Tasks of staff"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={"state": "this.state", "createdAt": "this.created_at", "endedAt": "this.ended_at"},
        opens={"note": "note", "outcome": "outcome"},
    ),
)

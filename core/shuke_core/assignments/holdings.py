"""What assignment holds of a member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "assignments",
    Holding(
        "assignment",
        {"zh": "专属顾问", "en": "Advisors"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={
            "advisor": "(SELECT s.name FROM staff s WHERE s.tenant_id = $1 "
            "AND s.id = this.advisor_id)",
            "at": "this.assigned_at",
        },
        clears=("reason",),
    ),
)

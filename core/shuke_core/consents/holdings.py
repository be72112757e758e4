"""What consent holds of a member: of whom was merged too the latest word counts, whoever said it."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "consents",
    Holding(
        "consent",
        {"zh": "同意记录", "en": "Consents"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={
            "purpose": "this.purpose",
            "version": "(SELECT t.version FROM privacy_text t WHERE t.tenant_id = $1 "
            "AND t.id = this.text_id)",
            "state": "this.state",
            "by": "this.given_by",
            "scene": "this.scene",
            "network": "this.address",
            "program": "this.agent",
            "at": "this.recorded_at",
        },
        opens={"guardian": "guardian"},
        clears=("guardian", "address", "agent"),
        newest="recorded_at",
    ),
)

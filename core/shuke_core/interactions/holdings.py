"""What interactions hold of a member."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "interactions",
    Holding(
        "interaction",
        {"zh": "互动记录", "en": "What was said and done"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={
            "kind": "this.kind",
            "channel": "this.channel",
            "subject": "this.subject",
            "rating": "this.rating",
            "at": "this.recorded_at",
        },
        opens={"text": "sealed"},
    ),
    Holding(
        "interaction_follow_up",
        {"zh": "跟进结果", "en": "What was answered"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={"state": "this.state", "askedAt": "this.asked_at", "endedAt": "this.ended_at"},
        opens={"answer": "answer"},
    ),
)

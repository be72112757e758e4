"""What people's requests hold of them: that they asked, and when it was done, stays as the trail."""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "personal_data",
    Holding(
        "rights_request",
        {"zh": "个人信息权利请求", "en": "Requests about personal data"},
        OnMerge.MOVES,
        OnErase.KEPT,
        shows={
            "kind": "this.kind",
            "state": "this.state",
            "askedAt": "this.asked_at",
            "dueOn": "this.due_on",
            "doneAt": "this.done_at",
        },
        opens={"note": "note", "answer": "answer"},
        clears=("note", "answer"),
        newest="asked_at",
    ),
)

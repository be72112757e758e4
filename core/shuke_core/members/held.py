"""What the members' own tables hold of a member, and the audit, which stands below.

Audit entries never change: what changed is sealed in them, and goes with the member's key.
"""

from shuke_core.members.holdings import Holding, OnErase, OnMerge, declare_holdings

declare_holdings(
    "members",
    Holding(
        "member_key",
        {"zh": "会员密钥", "en": "Key"},
        OnMerge.STAYS,
        OnErase.GOES,
        why="It is what seals the rest, and worth nothing outside.",
    ),
    Holding(
        "member_identity",
        {"zh": "身份标识", "en": "Identities"},
        OnMerge.MOVES,
        OnErase.GOES,
        shows={
            "kind": "this.kind",
            "issuer": "this.issuer",
            "state": "this.state",
            "enteredAt": "this.created_at",
        },
        opens={"value": "sealed"},
        came_by="through_id",
    ),
    Holding(
        "member_token",
        {"zh": "登录", "en": "Log-ins"},
        OnMerge.STAYS,
        OnErase.GOES,
        shows={"at": "this.created_at", "until": "coalesce(this.revoked_at, this.expires_at)"},
    ),
    Holding(
        "audit_entry",
        {"zh": "员工操作", "en": "Acts of staff"},
        OnMerge.STAYS,
        OnErase.STAYS,
        shows={"act": "this.act", "at": "this.recorded_at"},
    ),
)

"""Movements of points in a member's timeline."""

from shuke_core.access.permissions import POINTS_READ
from shuke_core.ledger.services import POINTS
from shuke_core.members.timeline import MomentKind, Source, declare_timeline

declare_timeline(
    Source(
        MomentKind.POINTS,
        POINTS_READ,
        "ledger_entry",
        "happened_at",
        of_member=(
            "this.account_id = (SELECT a.id FROM ledger_account a WHERE a.tenant_id = $1 "
            f"AND a.member_id = {{who}} AND a.asset = '{POINTS}')"
        ),
        by_old_ids=True,
        what="this.kind",
        ref="this.cause_type",
        points="this.amount",
    )
)

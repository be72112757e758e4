"""Acts of staff in a member's timeline; the audit itself stands below."""

from shuke_core.access.permissions import AUDIT_READ
from shuke_core.members.timeline import MomentKind, Source, declare_timeline

declare_timeline(
    Source(
        MomentKind.STAFF_ACT,
        AUDIT_READ,
        "audit_entry",
        "recorded_at",
        by_old_ids=True,
        what="this.act",
        ref="split_part(this.subject, ':~', 1)",  # what is sealed is not opened here
        by="this.actor_name",
    )
)

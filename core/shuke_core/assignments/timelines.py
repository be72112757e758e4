"""Who looked after a member, in their timeline."""

from shuke_core.access.permissions import MEMBERS_READ
from shuke_core.members.timeline import MomentKind, Source, declare_timeline

declare_timeline(
    Source(
        MomentKind.ASSIGNMENT,
        MEMBERS_READ,
        "assignment",
        "assigned_at",
        what="this.way",
        ref="SELECT s.name FROM staff s WHERE s.tenant_id = $1 AND s.id = this.advisor_id",
        by="this.actor_name",
    )
)

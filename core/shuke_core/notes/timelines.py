"""Notes in a member's timeline; the texts stay in their own list."""

from shuke_core.access.permissions import MEMBERS_NOTE
from shuke_core.members.timeline import MomentKind, Source, declare_timeline

declare_timeline(
    Source(MomentKind.NOTE, MEMBERS_NOTE, "member_note", "written_at", by="this.actor_name")
)

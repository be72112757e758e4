"""What was said and done, in a member's timeline; the texts stay in their own list."""

from shuke_core.access.permissions import INTERACTIONS_READ
from shuke_core.members.timeline import MomentKind, Source, declare_timeline

declare_timeline(
    Source(
        MomentKind.INTERACTION,
        INTERACTIONS_READ,
        "interaction",
        "recorded_at",
        what="this.kind",
        ref="this.channel",
    )
)

"""Taking part in campaigns in a member's timeline: the first time of each."""

from shuke_core.access.permissions import CAMPAIGNS_READ
from shuke_core.members.timeline import MomentKind, Source, declare_timeline

declare_timeline(
    Source(
        MomentKind.CAMPAIGN,
        CAMPAIGNS_READ,
        "campaign_participation",
        "first_at",
        of_member="this.member_id = {who} AND this.kind <> 'seen'",
        by_old_ids=True,
        what="this.kind",
        ref="(SELECT c.name_zh FROM campaign c WHERE c.tenant_id = $1 AND c.id = this.campaign_id)",
        points="nullif(this.points, 0)",
    )
)

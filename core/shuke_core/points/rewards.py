"""Points for what is no order: rewards, by the tenant's terms of life, once for each cause."""

from collections.abc import Mapping
from uuid import UUID

from shuke_core.blocks.queries import BlockPurpose, blocked_members
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.ledger.services import Earning, earn
from shuke_core.points.errors import EarningRuleMissing
from shuke_core.points.events import PointsMoved
from shuke_core.points.services import life_of_points


async def give_rewards(
    member_id: UUID,
    cause_type: str,
    rewards: Mapping[UUID, int],
    campaign_id: UUID | None = None,
) -> int:
    """Books the points of each cause that has not earned before; returns how many points were new.

    They live as long as those of an order of today. A tenant without a rule yet gives them for ever.
    Who is blocked for points gets none: what earns nothing now may earn once they are let be. Points of
    a campaign name it.
    """
    if not rewards or await blocked_members([member_id], BlockPurpose.POINTS):
        return 0
    now = clock.now()
    try:
        expires_at = await life_of_points(now)
    except EarningRuleMissing:
        expires_at = None
    earnings = [
        Earning(member_id, points, cause_id, now, expires_at, campaign_id)
        for cause_id, points in rewards.items()
    ]
    booked = await earn(earnings, cause_type=cause_type, rule_id=None)
    for each in booked:
        announce(PointsMoved(member_id, "earn", each.amount, cause_type, each.cause_id, now))
    return sum(each.amount for each in booked)

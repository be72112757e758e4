"""Points for what is no order: rewards, by the tenant's terms of life, once for each cause."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from shuke_core.blocks.queries import BlockPurpose, blocked_members
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.ledger.services import Earning, earn
from shuke_core.points.errors import EarningRuleMissing
from shuke_core.points.events import PointsMoved
from shuke_core.points.services import life_of_points


async def give_rewards(member_id: UUID, cause_type: str, rewards: Mapping[UUID, int]) -> int:
    """Books the points of each cause that has not earned before; returns how many points were new.

    Who is blocked for points gets none: what earns nothing now may earn once they are let be.
    """
    if not rewards or await blocked_members([member_id], BlockPurpose.POINTS):
        return 0
    return await book_rewards(member_id, cause_type, rewards, await life_of_rewards())


async def life_of_rewards() -> datetime | None:
    """When rewards of now lapse: as points of an order of today. A tenant without a rule yet gives them
    for ever."""
    try:
        return await life_of_points(clock.now())
    except EarningRuleMissing:
        return None


async def book_rewards(
    member_id: UUID,
    cause_type: str,
    rewards: Mapping[UUID, int],
    expires_at: datetime | None,
    campaign_id: UUID | None = None,
) -> int:
    """Books them for somebody who is not blocked, in one trip; returns how many points were new. Points
    of a campaign name it."""
    now = clock.now()
    earnings = [
        Earning(member_id, points, cause_id, now, expires_at, campaign_id)
        for cause_id, points in rewards.items()
    ]
    booked = await earn(earnings, cause_type=cause_type, rule_id=None)
    for each in booked:
        announce(PointsMoved(member_id, "earn", each.amount, cause_type, each.cause_id, now))
    return sum(each.amount for each in booked)

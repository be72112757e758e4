"""A race for the last places and points of a campaign, and two wrong ways to hand them out."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from uuid import UUID

import asyncpg
import pytest
from tests.core.campaigns.offers import running
from tests.support.shop import Shop

from shuke_core.campaigns import participation
from shuke_core.campaigns.errors import CampaignFull
from shuke_core.campaigns.participation import join_campaign
from shuke_core.kit import transactions
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import in_unit_of_work

JOINERS, PLACES, REWARD = 12, 7, 10
LOCK = "WHERE s.tenant_id = p_tenant AND s.id = p_campaign FOR NO KEY UPDATE;"
COUNT = "SET joined = s.joined + 1, spent_points = s.spent_points + c.reward_points"


async def race_for(shop: Shop, staff: tuple[UUID, UUID], *, rounds: int, bound: str) -> list[str]:
    """Twelve join at once where seven places are, or points for seven; what was not as it must be."""
    members = [await shop.member(f"1380013{n:04}") for n in range(JOINERS)]
    terms = {"places": PLACES} if bound == "places" else {"budget_points": PLACES * REWARD + 3}
    faults = []
    for _ in range(rounds):
        code = f"R{new_id().hex}"
        campaign = await running(shop, staff, code, reward_points=REWARD, **terms)
        faults += await _round(shop, campaign, members)
    faults += [str(difference) for difference in (await shop.verified()).found]
    return faults


async def _round(shop: Shop, campaign: UUID, members: Sequence[UUID]) -> list[str]:
    async def one(member: UUID) -> object:
        try:
            return await in_unit_of_work(shop.tenant_id, lambda: join_campaign(member, campaign))
        except (CampaignFull, asyncpg.PostgresError) as failure:
            return failure

    answers = await asyncio.gather(*(one(member) for member in members))
    faults = [repr(a) for a in answers if isinstance(a, asyncpg.PostgresError)]
    accepted = sum(not isinstance(a, Exception) for a in answers)
    (stored,) = await shop.rows(
        "SELECT joined, spent_points FROM campaign WHERE tenant_id = $1 AND id = $2", campaign
    )
    (facts,) = await shop.rows(
        "SELECT count(*) FILTER (WHERE kind = 'joined') AS joined, "
        "sum(points)::bigint AS points FROM campaign_participation "
        "WHERE tenant_id = $1 AND campaign_id = $2",
        campaign,
    )
    (booked,) = await shop.rows(
        "SELECT coalesce(sum(amount), 0)::bigint AS points FROM ledger_entry "
        "WHERE tenant_id = $1 AND campaign_id = $2",
        campaign,
    )
    found = {
        "were told that they joined": accepted,
        "have joined": facts["joined"],
        "are counted": stored["joined"],
        "have the points counted": stored["spent_points"] // REWARD,
        "have the points in their facts": (facts["points"] or 0) // REWARD,
        "have the points booked": booked["points"] // REWARD,
    }
    return faults + [f"{n} {what}, not {PLACES}" for what, n in found.items() if n != PLACES]


async def race_of_one(shop: Shop, campaign: UUID, member: UUID) -> list[bool]:
    """Somebody taps ten times at once; which of these was told to be new."""

    async def one() -> bool:
        return (await join_campaign(member, campaign)).is_new

    return await asyncio.gather(
        *(in_unit_of_work(shop.tenant_id, one) for _ in range(10)), return_exceptions=False
    )


def unlocked(count: str) -> str:
    """Reads what is left without a lock, and pauses; `count` is how it counts then."""
    source = (files("shuke_core.campaigns") / "functions.sql").read_text()
    text = source[source.index("CREATE OR REPLACE") :]
    for old, new in (
        ("campaign_join(", "campaign_join_broken("),
        (LOCK, LOCK.replace(" FOR NO KEY UPDATE", "")),
        ("    UPDATE campaign s\n", "    PERFORM pg_sleep(0.03);\n    UPDATE campaign s\n"),
        (COUNT, count),
    ):
        assert text.count(old) == 1, f"functions.sql does not hold once: {old}"
        text = text.replace(old, new)
    return text


def use(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """Lets `join_campaign` call another function."""

    async def fetch_one(sql: str, *values: object) -> object:
        return await transactions.fetch_one(sql.replace("campaign_join", function), *values)

    monkeypatch.setattr(participation, "fetch_one", fetch_one)

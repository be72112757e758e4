"""Short ways to campaigns for tests."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.core.rules.words import words
from tests.support.shop import Shop

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.campaigns.rules import Act, Terms
from shuke_core.campaigns.services import Words, audience_of, create_campaign, decide
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.rules.services import save_rule
from shuke_core.staff.services import add_staff

words()  # plugins are there, and their permissions
EVERYTHING = Rights.of(declared_permissions(), EVERY_CLASS)
WOMEN = {"field": "member.gender", "op": "eq", "value": "female"}
NAMES = Words("双十二签到", "Check in on 12/12", "把老客叫回来")


async def people(shop: Shop) -> tuple[UUID, UUID]:
    """Two of the staff: who hands in and who approves."""
    async with unit_of_work(shop.tenant_id):
        for name in ("lin", "wu"):
            await add_staff(name, f"小{name}", "operator")
    rows = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 ORDER BY name")
    return rows[0]["id"], rows[1]["id"]


def terms(**said: Any) -> Terms:
    """Of a campaign that began an hour ago and runs for a week."""
    now = clock.now()
    window = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=7)}
    return Terms(**{**window, **said})


async def drafted(shop: Shop, code: str = "DEC12", **said: Any) -> UUID:
    """A draft of those terms; `audience` is a rule's document."""
    async with unit_of_work(shop.tenant_id):
        if document := said.pop("audience", None):
            rule = await save_rule("受众", "member", document, EVERYTHING, None)
            said["audience_id"] = await audience_of(rule.rule_id, EVERYTHING)
        return await create_campaign(code, NAMES, terms(**said))


async def done(shop: Shop, campaign: UUID, *acts: Act, by: UUID | None = None) -> int:
    """Does these acts one after the other to the campaign as it is; its version."""
    version = 0
    for act in acts:
        (row,) = await shop.rows(
            "SELECT version FROM campaign WHERE tenant_id = $1 AND id = $2", campaign
        )
        async with unit_of_work(shop.tenant_id):
            version = await decide(campaign, row["version"], act, by)
    return version


async def running(shop: Shop, staff: tuple[UUID, UUID], code: str = "DEC12", **said: Any) -> UUID:
    """An approved campaign of those terms."""
    campaign = await drafted(shop, code, **said)
    await done(shop, campaign, Act.SUBMIT, by=staff[0])
    await done(shop, campaign, Act.APPROVE, by=staff[1])
    return campaign

"""What a tenant demands of its staff: of whom a second factor."""

from enum import Enum

from shuke_core.access.permissions import STAFF_MANAGE
from shuke_core.audit.services import record
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.staff.roles import governs
from shuke_core.stepup.operations import Arguments, demands_step_up


class SecondFactorRule(Enum):
    """Of whom a second factor is demanded when they sign in; admins are all whose role governs."""

    NOBODY = "nobody"
    ADMINS = "admins"
    EVERYBODY = "everybody"


async def second_factor_rule() -> SecondFactorRule:
    """The tenant's rule; nobody, until it sets one."""
    row = await fetch_one("SELECT second_factor FROM staff_rules WHERE tenant_id = $1")
    return SecondFactorRule(row["second_factor"]) if row else SecondFactorRule.NOBODY


async def second_factor_is_demanded(role: str) -> bool:
    """Whether somebody in this role must have one."""
    rule = await second_factor_rule()
    return rule is SecondFactorRule.EVERYBODY or (
        rule is SecondFactorRule.ADMINS and await governs(role)
    )


async def _rule(given: Arguments) -> str:
    return str(given["rule"])


@demands_step_up(
    "staff.set_second_factor_rule",
    {"zh": "设置二次验证要求", "en": "Set of whom a second factor is demanded"},
    STAFF_MANAGE,
    describe=_rule,
)
async def set_second_factor_rule(rule: SecondFactorRule) -> None:
    """Sets it. It holds from the next sign-in on; sessions that are open stay open."""
    before = await second_factor_rule()
    await fetch(
        "INSERT INTO staff_rules (tenant_id, id, second_factor) VALUES ($1, $2, $3) "
        "ON CONFLICT (tenant_id) DO UPDATE SET second_factor = excluded.second_factor",
        *(new_id(), rule.value),
    )
    await record(
        "staff.rules_set", "staff:rules", changes={"second_factor": (before.value, rule.value)}
    )

"""What mutations about accounts are asked with, so that each leaves its act as the admin's."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from tests.support.accounts import PASSWORD, grant_for, hired
from tests.support.shop import Shop

from shuke_core.credentials import second_factor as factor
from shuke_core.credentials.passwords import set_password
from shuke_core.credentials.totp import code_at, step_at
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch_one, unit_of_work
from shuke_core.staff.administration import invite
from shuke_core.staff.codes import make_code
from shuke_core.staff.roles import ready_made_role, rights_of
from shuke_core.stepup.approvals import ask_approval
from shuke_core.stepup.services import begin_step_up
from shuke_schema.projection.arguments import NOBODY

Given = dict[str, Any]
Prepare = Callable[[Shop], Awaitable[Given]]
_NEW = "a river behind the market"
_ROLE = "staff.change_role"


async def _admin(shop: Shop) -> UUID:
    await shop.staff_login()
    (row,) = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'admin'")
    found: UUID = row["id"]
    return found


def _with_grant(operation: str, mean: Callable[[Shop], Awaitable[Given]]) -> Prepare:
    """The arguments, and a grant for them."""

    async def prepare(shop: Shop) -> Given:
        meant, me = await mean(shop), await _admin(shop)
        async with unit_of_work(shop.tenant_id):
            grant = await grant_for(me, operation, meant)
        named = {"rule": meant["rule"].upper()} if "rule" in meant else {}
        return meant | named | {"stepUp": str(grant), "becomes": meant.get("role")}

    return prepare


async def _target(shop: Shop) -> Given:
    return {"staff": str(await hired(shop, "target"))}


async def _role(shop: Shop) -> Given:
    return await _target(shop) | {"role": "operator"}


async def _invitee(_: Shop) -> Given:
    return {"handle": "fresh", "name": "新人", "role": "admin"}


async def _invited(shop: Shop) -> Given:
    async with unit_of_work(shop.tenant_id):
        code = await invite(None, "fresh", "小admin", "clerk")
        row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'fresh'")
    assert row is not None
    return {"staff": str(row["id"]), "code": code.code, "password": PASSWORD}


async def _rule(_: Shop) -> Given:
    return {"rule": "admins"}


async def _limit(_: Shop) -> Given:
    return {"operation": _ROLE, "most": 0}


async def _asking(shop: Shop) -> Given:
    return {"operation": _ROLE, "arguments": await _role(shop)}


async def _decision(shop: Shop) -> Given:
    asker = await hired(shop, "asker", "admin")
    arguments = {"staff": str(asker), "role": "admin"}
    async with unit_of_work(shop.tenant_id):
        rights = rights_of(ready_made_role("admin"), NOBODY)
        approval = await ask_approval(asker, _ROLE, arguments, "busy", rights)
    return {"approval": str(approval), "approve": True}


async def _password(shop: Shop) -> Given:
    me = await _admin(shop)
    async with unit_of_work(shop.tenant_id):
        await set_password(me, PASSWORD, ())
        reset = await make_code(me, "reset")
    return {"handle": "admin", "password": PASSWORD, "current": PASSWORD, "code": reset.code}


async def _change(shop: Shop) -> Given:
    return await _password(shop) | {"password": _NEW}


async def _begun(shop: Shop) -> Given:
    me = await _admin(shop)
    async with unit_of_work(shop.tenant_id):
        secret = await factor.begin_second_factor(me)
    return {"secret": secret, "code": code_at(secret, step_at(clock.now()))}


async def _second_factor(shop: Shop) -> Given:
    """With one in force; the code is of the next step."""
    me, given = await _admin(shop), await _begun(shop)
    async with unit_of_work(shop.tenant_id):
        await factor.confirm_second_factor(me, given["code"])
        challenge = await make_code(me, "challenge")
        begun = await begin_step_up(
            me, _ROLE, await _asked(), rights_of(ready_made_role("admin"), NOBODY)
        )
    return {
        "challenge": challenge.code,
        "stepUp": str(begun.id),
        "code": code_at(given["secret"], step_at(clock.now()) + 1),
        "operation": _ROLE,
        "arguments": await _asked(),
    }


async def _asked() -> Given:
    return {"staff": "x", "role": "clerk"}


async def _nothing(_: Shop) -> Given:
    return {}


# What each mutation is asked with, and the act that it leaves.
ACCOUNT_MUTATIONS: dict[str, tuple[str, Prepare, str]] = {
    "signIn": ("signIn(handle: $handle, password: $password)", _password, "staff.signed_in"),
    "confirmSecondFactor": (
        "confirmSecondFactor(challenge: $challenge, code: $code)",
        _second_factor,
        "staff.signed_in",
    ),
    "acceptInvite": (
        "acceptInvite(code: $code, password: $password)",
        _invited,
        "staff.invite_accepted",
    ),
    "resetPassword": (
        "resetPassword(code: $code, password: $password)",
        _change,
        "staff.password_reset",
    ),
    "changePassword": (
        "changePassword(current: $current, password: $password)",
        _change,
        "staff.password_changed",
    ),
    "beginSecondFactor": ("beginSecondFactor", _nothing, "staff.second_factor_begun"),
    "setUpSecondFactor": (
        "setUpSecondFactor(code: $code)",
        _begun,
        "staff.second_factor_set",
    ),
    "renewRecoveryCodes": (
        "renewRecoveryCodes(code: $code)",
        _second_factor,
        "staff.recovery_codes_made",
    ),
    "signOut": ("signOut", _nothing, "staff.session_revoked"),
    "signOutEverywhere": ("signOutEverywhere", _nothing, "staff.signed_out"),
    "inviteStaff": (
        "inviteStaff(handle: $handle, name: $name, role: $becomes, stepUp: $stepUp)",
        _with_grant("staff.invite", _invitee),
        "staff.invited",
    ),
    "withdrawInvite": ("withdrawInvite(staff: $staff)", _invited, "staff.invite_withdrawn"),
    "changeStaffRole": (
        "changeStaffRole(staff: $staff, role: $becomes, stepUp: $stepUp)",
        _with_grant(_ROLE, _role),
        "staff.role_changed",
    ),
    "letStaffGo": ("letStaffGo(staff: $staff)", _target, "staff.left"),
    "issueResetCode": (
        "issueResetCode(staff: $staff, stepUp: $stepUp)",
        _with_grant("staff.issue_reset_code", _target),
        "staff.reset_code_issued",
    ),
    "removeSecondFactor": (
        "removeSecondFactor(staff: $staff, stepUp: $stepUp)",
        _with_grant("staff.remove_second_factor", _target),
        "staff.second_factor_removed",
    ),
    "unlockStaff": ("unlockStaff(staff: $staff)", _target, "staff.unlocked"),
    "revokeStaffSessions": (
        "revokeStaffSessions(staff: $staff)",
        _target,
        "staff.signed_out",
    ),
    "setSecondFactorRule": (
        "setSecondFactorRule(rule: $rule, stepUp: $stepUp)",
        _with_grant("staff.set_second_factor_rule", _rule),
        "staff.rules_set",
    ),
    "beginStepUp": (
        "beginStepUp(operation: $operation, arguments: $arguments)",
        _second_factor,
        "step_up.begun",
    ),
    "confirmStepUp": (
        "confirmStepUp(stepUp: $stepUp, code: $code)",
        _second_factor,
        "step_up.confirmed",
    ),
    "askApproval": (
        'askApproval(operation: $operation, arguments: $arguments, reason: "busy")',
        _asking,
        "approval.asked",
    ),
    "decideApproval": (
        "decideApproval(approval: $approval, approve: $approve, stepUp: $stepUp)",
        _with_grant("approvals.decide", _decision),
        "approval.decided",
    ),
    "setApprovalLimit": (
        "setApprovalLimit(operation: $operation, most: $most, stepUp: $stepUp)",
        _with_grant("approvals.set_limit", _limit),
        "approval.limit_set",
    ),
}
ACCOUNT_TYPES = {
    **dict.fromkeys(("handle", "password", "current", "code", "becomes", "challenge"), "String!"),
    **dict.fromkeys(("staff", "stepUp", "approval"), "ID!"),
    "operation": "String!",
    "arguments": "JSON!",
    "rule": "SecondFactorRule!",
    "approve": "Boolean!",
    "most": "Int!",
}

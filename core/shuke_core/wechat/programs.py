"""The verbs of mini-programs: set one up, switch it off, open its secret for a call."""

import re
from dataclasses import dataclass
from uuid import UUID

from shuke_core.alerts.kinds import AlertKind, Severity, declare_alert
from shuke_core.alerts.services import raise_alert, resolve_alert
from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant, fetch, fetch_one
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.roles import ADMIN
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.wechat.client import AppSecret
from shuke_core.wechat.errors import MiniProgramInvalid, MiniProgramUnknown

MISCONFIGURED = declare_alert(
    AlertKind(
        "wechat.misconfigured",
        {"zh": "微信小程序配置有误", "en": "A mini-program is not set up as WeChat wants it"},
        Severity.CRITICAL,
    )
)
INACTIVE_MONTHS = 12
_MOST_MONTHS = 120
_APP_ID = re.compile(r"wx[0-9a-z]{6,36}")
_SECRET = re.compile(r"[0-9A-Za-z]{16,64}")


@dataclass(frozen=True, slots=True)
class MiniProgram:
    """A mini-program that is on, with what a call of WeChat needs."""

    id: UUID
    app: AppSecret
    inactive_months: int


async def set_mini_program(
    app_id: str, secret: str, inactive_months: int = INACTIVE_MONTHS
) -> bool:
    """Sets a mini-program up, or gives it another secret, and switches it on; says whether it is new.

    Its access token is forgotten: a new secret ends the old token. Raises MiniProgramInvalid.
    """
    if not _APP_ID.fullmatch(app_id):
        raise MiniProgramInvalid(why="an AppID is wx and small letters and digits")
    if not _SECRET.fullmatch(secret):
        raise MiniProgramInvalid(why="an AppSecret is 16 to 64 letters and digits")
    if not 1 <= inactive_months <= _MOST_MONTHS:
        raise MiniProgramInvalid(why=f"months of inactivity are 1 to {_MOST_MONTHS}")
    now, new, keys = clock.now(), new_id(), await tenant_keys()
    rows = await fetch(
        "INSERT INTO mini_program AS p (tenant_id, id, app_id, sealed, state, inactive_months, "
        "created_at, changed_at) VALUES ($1, $2, $3, $4, 'on', $5, $6, $6) "
        "ON CONFLICT (tenant_id, app_id) DO UPDATE SET state = 'on', inactive_months = $5, "
        "changed_at = $6 RETURNING p.id",
        *(new, app_id, b"", inactive_months, now),
    )
    row_id: UUID = rows[0]["id"]  # only now is it known in which row the secret is to open
    sealed = seal(keys.sealing, secret.encode(), _place(row_id))
    await fetch(
        "UPDATE mini_program SET sealed = $3 WHERE tenant_id = $1 AND id = $2", row_id, sealed
    )
    await fetch(
        "INSERT INTO wechat_token (tenant_id, id, mini_program_id) VALUES ($1, $2, $3) "
        "ON CONFLICT (tenant_id, mini_program_id) DO UPDATE SET sealed = NULL, refresh_at = NULL, "
        "expires_at = NULL, leased_by = NULL, leased_until = NULL",
        *(new_id(), row_id),
    )
    await resolve_alert(_alert_key(app_id))
    await record("mini_program.set", f"mini_program:{app_id}")
    return row_id == new


async def switch_off(app_id: str) -> None:
    """Nobody logs in through it any more; who has, stays logged in. Raises MiniProgramUnknown."""
    if not await fetch(
        "UPDATE mini_program SET state = 'off', changed_at = $3 WHERE tenant_id = $1 "
        "AND app_id = $2 RETURNING id",
        *(app_id, clock.now()),
    ):
        raise MiniProgramUnknown()
    await record("mini_program.switched_off", f"mini_program:{app_id}")


async def mini_program_of(app_id: str) -> MiniProgram:
    """The mini-program of that AppID; raises MiniProgramUnknown, also for one that is off."""
    row = await fetch_one(
        "SELECT id, app_id, sealed, inactive_months FROM mini_program WHERE tenant_id = $1 "
        "AND app_id = $2 AND state = 'on'",
        app_id,
    )
    if row is None:
        raise MiniProgramUnknown()
    keys = await tenant_keys()
    secret = keys.open(row["sealed"], _place(row["id"])).decode()
    return MiniProgram(row["id"], AppSecret(row["app_id"], secret), row["inactive_months"])


async def tell_misconfigured(app_id: str) -> None:
    """Administrators are told, once until it is set up anew."""
    subject = f"mini_program:{app_id}"
    await raise_alert(MISCONFIGURED, _alert_key(app_id), subject, Addressee(role=ADMIN))


def _alert_key(app_id: str) -> str:
    return f"{MISCONFIGURED.key}:{app_id}"


def _place(row_id: UUID) -> Place:
    return Place(current_tenant(), "mini_program", row_id, "sealed")

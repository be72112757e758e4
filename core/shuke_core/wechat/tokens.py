"""The access token of a mini-program: one process asks WeChat for it, under a lease; all read it.

Units of work here are short and end before WeChat is called, so none may be open around them.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant, fetch, unit_of_work
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.wechat.client import IssuedToken, current_wechat
from shuke_core.wechat.errors import MiniProgramUnknown, WechatBusy
from shuke_core.wechat.programs import MiniProgram

# WeChat hands out the same token until its last 300 seconds, in which old and new both hold.
_OVERLAP: Final = timedelta(seconds=300)
# One that is asked for a moment too early comes back unchanged: not again with the next request.
_PAUSE: Final = timedelta(seconds=10)
_LEASE: Final = timedelta(seconds=15)  # longer than a call of WeChat with its retry
_PATIENCE_SECONDS: Final = 8.0
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the row found: a token that may be used, or a lease to fetch one."""

    token: str | None
    lease: UUID | None


async def access_token(tenant_id: UUID, program: MiniProgram, *, refused: str | None = None) -> str:
    """A token that holds, from the row or from WeChat; another one than `refused`.

    However many ask at once, WeChat is asked once: the others wait for it, or go on with the old
    token while that lives. Raises WechatBusy, and what `WechatClient.stable_token` raises.
    """
    until = monotonic() + _PATIENCE_SECONDS
    while monotonic() < until:
        async with unit_of_work(tenant_id):
            look = await _look(program, refused)
        if look.lease is not None:
            return await _fetched(tenant_id, program, look.lease, refused)
        if look.token is not None:
            return look.token
        await asyncio.sleep(_LOOK_SECONDS)
    raise WechatBusy()


async def _fetched(tenant_id: UUID, program: MiniProgram, lease: UUID, refused: str | None) -> str:
    wechat, issued = current_wechat(), None
    try:
        issued = await wechat.stable_token(program.app)
        if issued.token == refused:  # WeChat itself does not know that it ended it
            issued = await wechat.stable_token(program.app, force=True)
    finally:
        async with unit_of_work(tenant_id):
            await _give_back(program, lease, issued)
    return issued.token


async def _look(program: MiniProgram, refused: str | None) -> _Look:
    now = clock.now()
    rows = await fetch(
        "SELECT id, sealed, refresh_at, expires_at, leased_until FROM wechat_token "
        "WHERE tenant_id = $1 AND mini_program_id = $2",
        program.id,
    )
    if not rows:
        raise MiniProgramUnknown()
    row = rows[0]
    token = await _opened(row, now)
    usable = token if token != refused else None
    if usable is not None and row["refresh_at"] > now:
        return _Look(usable, None)
    if row["leased_until"] is not None and row["leased_until"] > now:
        return _Look(usable, None)
    lease = new_id()
    taken = await fetch(
        "UPDATE wechat_token SET leased_by = $3, leased_until = $4 WHERE tenant_id = $1 "
        "AND id = $2 AND (leased_until IS NULL OR leased_until <= $5) "
        "AND refresh_at IS NOT DISTINCT FROM $6 RETURNING id",
        *(row["id"], lease, now + _LEASE, now, row["refresh_at"]),
    )
    return _Look(None, lease) if taken else _Look(usable, None)


async def _opened(row: dict[str, Any], now: datetime) -> str | None:
    if row["sealed"] is None or row["expires_at"] <= now:
        return None
    keys = await tenant_keys()
    return keys.open(row["sealed"], _place(row["id"])).decode()


async def _give_back(program: MiniProgram, lease: UUID, issued: IssuedToken | None) -> None:
    """Ends the lease, with the token that came of it; nothing, where it had run out."""
    rows = await fetch(
        "UPDATE wechat_token SET leased_by = NULL, leased_until = NULL WHERE tenant_id = $1 "
        "AND mini_program_id = $2 AND leased_by = $3 RETURNING id",
        *(program.id, lease),
    )
    if not rows or issued is None:
        return
    now, keys, row_id = clock.now(), await tenant_keys(), rows[0]["id"]
    lives = timedelta(seconds=issued.expires_in)
    await fetch(
        "UPDATE wechat_token SET sealed = $3, refresh_at = $4, expires_at = $5 "
        "WHERE tenant_id = $1 AND id = $2",
        row_id,
        seal(keys.sealing, issued.token.encode(), _place(row_id)),
        now + max(lives - _OVERLAP, _PAUSE),
        now + lives,
    )


def _place(row_id: UUID) -> Place:
    return Place(current_tenant(), "wechat_token", row_id, "sealed")

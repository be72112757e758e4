"""Signing in: a handle and a password, then a code of the second factor, then a session.

Whoever is unknown, wrong or locked out is answered alike and after the same work. What was tried
must stay, so refusals are answered, not raised: what is raised undoes its part of the unit.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.audit.actors import Actor, act_as, current_actor
from shuke_core.audit.services import record
from shuke_core.credentials import hashing
from shuke_core.credentials.errors import SecondFactorWrong
from shuke_core.credentials.locks import (
    CODES_OUTSIDE,
    STRANGERS,
    failed,
    succeeded,
    take_try,
    unlock,
)
from shuke_core.credentials.passwords import is_password, set_password
from shuke_core.credentials.second_factor import (
    second_factor_of,
    take_code,
    take_recovery_code,
)
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import Row, fetch_one
from shuke_core.staff.codes import Code, make_code, try_challenge, use_code
from shuke_core.staff.demands import second_factor_is_demanded
from shuke_core.staff.errors import CodeInvalid, SignInFailed
from shuke_core.staff.sessions import (
    KNOWN_FOR,
    OpenedSession,
    open_session,
    revoke_all,
    source_digest,
)
from shuke_core.tenants.queries import this_tenant


@dataclass(frozen=True, slots=True)
class Waiting:
    """The password was right; a code of the second factor is wanted with this challenge."""

    challenge: str
    expires_at: datetime


async def sign_in(handle: str, password: str) -> OpenedSession | Waiting | SignInFailed:
    """Signs in with a password. Raises HashingBusy where too many do at this moment."""
    async with hashing.turn():  # before any lock: whoever waits for one has a turn already
        source = await source_digest(current_actor().source)
        row = await _account(handle, source)
        is_known = row is not None and row["is_known"]
        made = await take_try(row["id"] if row else None, source if is_known else STRANGERS)
        if not await is_password(made, row["hash"] if row else None, password) or row is None:
            return SignInFailed()
    if (await second_factor_of(row["id"])).is_on:
        code: Code = await make_code(row["id"], "challenge")
        return Waiting(code.code, code.expires_at)
    return await _opened(row)


async def confirm_sign_in(challenge: str, code: str) -> OpenedSession | ShukeError:
    """Completes a sign-in with a code of the second factor, or with a recovery code.

    Answers SecondFactorWrong; raises CodeInvalid where the challenge is not good, or too many
    codes were tried with it.
    """
    staff_id = await try_challenge(challenge)
    if staff_id is None:
        raise CodeInvalid()
    made = await take_try(staff_id, CODES_OUTSIDE + await _known_source(staff_id))
    is_right = not made.is_locked and (
        await take_code(staff_id, code) or await take_recovery_code(staff_id, code)
    )
    if not is_right or await use_code(challenge, "challenge") is None:
        await failed(made)
        return SecondFactorWrong()
    await succeeded(made)
    row = await fetch_one(
        "SELECT id, name, role FROM staff WHERE tenant_id = $1 AND id = $2 AND state = 'active'",
        staff_id,
    )
    return await _opened(row, has_second_factor=True) if row else SecondFactorWrong()


async def accept_invite(code: str, password: str) -> None:
    """Whoever was invited sets their first password and works here from now on.

    Raises CodeInvalid, what `checked_password` raises, HashingBusy; the code is good still then.
    """
    staff_id = await _redeemed(code, "invite", password)
    if not await fetch_one(
        "UPDATE staff SET state = 'active', joined_at = $3 WHERE tenant_id = $1 AND id = $2 "
        "AND state = 'invited' RETURNING id",
        *(staff_id, clock.now()),
    ):
        raise CodeInvalid()  # taken on otherwise meanwhile: an old invite is no way to their password
    await record("staff.invite_accepted", f"staff:{staff_id}")


async def reset_password(code: str, password: str) -> None:
    """Whoever has the reset code sets a password; sessions of before end, and a lock-out.

    Raises as `accept_invite` does. The second factor stays.
    """
    staff_id = await _redeemed(code, "reset", password)
    await revoke_all(staff_id)
    await unlock(staff_id)
    await record("staff.password_reset", f"staff:{staff_id}")


async def names_of(staff_id: UUID) -> list[str]:
    """What a password of somebody's must not contain."""
    row = await fetch_one(
        "SELECT handle, name FROM staff WHERE tenant_id = $1 AND id = $2", staff_id
    )
    tenant = await this_tenant()
    return [*(row.values() if row else ()), tenant.slug, tenant.name]


async def _account(handle: str, source: bytes) -> Row | None:
    return await fetch_one(
        "SELECT s.id, s.name, s.role, c.hash, EXISTS (SELECT FROM staff_token t "
        "WHERE t.tenant_id = $1 AND t.staff_id = s.id AND t.source = $3 AND t.kind = 'session' "
        "AND t.created_at > $4) AS is_known FROM staff s "
        "JOIN credential c ON c.tenant_id = s.tenant_id AND c.staff_id = s.id "
        "WHERE s.tenant_id = $1 AND s.handle = $2 AND s.state = 'active' AND c.hash IS NOT NULL",
        *(handle, source, clock.now() - KNOWN_FOR),
    )


async def _known_source(staff_id: UUID) -> bytes:
    """The source at hand by its digest, if the person is known there; else nothing."""
    source = await source_digest(current_actor().source)
    row = await fetch_one(
        "SELECT id FROM staff_token WHERE tenant_id = $1 AND staff_id = $2 AND source = $3 "
        "AND kind = 'session' AND created_at > $4 LIMIT 1",
        *(staff_id, source, clock.now() - KNOWN_FOR),
    )
    return source if row else b""


async def _opened(row: Row, *, has_second_factor: bool = False) -> OpenedSession:
    _is_now(row["id"], row["name"])
    demanded = not has_second_factor and await second_factor_is_demanded(row["role"])
    return await open_session(row["id"], must_enrol=demanded)


async def _redeemed(code: str, kind: str, password: str) -> UUID:
    staff_id = await use_code(code, kind)
    if staff_id is None:
        raise CodeInvalid()
    await set_password(staff_id, password, await names_of(staff_id))
    row = await fetch_one("SELECT name FROM staff WHERE tenant_id = $1 AND id = $2", staff_id)
    _is_now(staff_id, row["name"] if row else "")
    return staff_id


def _is_now(staff_id: UUID, name: str) -> None:
    """What follows in the unit is theirs."""
    actor = current_actor()
    act_as(Actor("staff", staff_id, name, actor.source, actor.agent))

"""What somebody does with their own password and second factor, inside a session."""

from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.credentials import hashing
from shuke_core.credentials import second_factor as factor
from shuke_core.credentials.errors import SecondFactorMissing, SecondFactorWrong
from shuke_core.credentials.locks import CODES_INSIDE, PASSWORD_INSIDE, failed, succeeded, take_try
from shuke_core.credentials.passwords import is_password, set_password
from shuke_core.kit.transactions import fetch_one
from shuke_core.staff.errors import SignInFailed
from shuke_core.staff.services import StaffCard
from shuke_core.staff.sessions import OpenedSession, open_session, revoke_all, revoke_session
from shuke_core.staff.sign_in import names_of


async def begin_second_factor(me: StaffCard, password: str) -> bytes | SignInFailed:
    """A new secret. Who has a password says it, unless they just did: whoever came by a session must
    not put a second factor of their own in force. Raises SecondFactorThere, HashingBusy."""
    if not me.is_enrolling and not await says_password(me.id, password):
        return SignInFailed()
    return await factor.begin_second_factor(me.id)


async def says_password(staff_id: UUID, password: str) -> bool:
    """Whether somebody inside a session says their password; True for who has none."""
    row = await fetch_one(
        "SELECT hash FROM credential WHERE tenant_id = $1 AND staff_id = $2", staff_id
    )
    if row is None or row["hash"] is None:
        return True
    async with hashing.turn():
        made = await take_try(staff_id, PASSWORD_INSIDE)
        return await is_password(made, row["hash"], password)


async def change_password(me: StaffCard, current: str, new: str) -> SignInFailed | None:
    """Somebody changes their own password, or sets their first; their other sessions end.

    Answers SignInFailed where the current one is not right; raises what `set_password` raises.
    """
    if not await says_password(me.id, current):
        return SignInFailed()
    await set_password(me.id, new, await names_of(me.id))
    await revoke_all(me.id, but=me.session)
    await record("staff.password_changed", f"staff:{me.id}")
    return None


async def set_up_second_factor(me: StaffCard, code: str) -> tuple[list[str], OpenedSession | None]:
    """Puts the second factor in force; recovery codes, and a full session where the one at hand
    was only for this. Raises SecondFactorWrong, SecondFactorThere.

    Tries are not counted: whoever holds the session was told the secret.
    """
    codes = await factor.confirm_second_factor(me.id, code)
    if not me.is_enrolling:
        return codes, None
    await revoke_session(me.id, me.session)
    return codes, await open_session(me.id, must_enrol=False)


async def renew_recovery_codes(staff_id: UUID, code: str) -> list[str] | SecondFactorWrong:
    """New recovery codes. Answers SecondFactorWrong; raises SecondFactorMissing."""
    if not (await factor.second_factor_of(staff_id)).is_on:
        raise SecondFactorMissing()
    made = await take_try(staff_id, CODES_INSIDE)
    if made.is_locked or not await factor.take_code(staff_id, code):
        await failed(made)
        return SecondFactorWrong()
    await succeeded(made)
    return await factor.renew_recovery_codes(staff_id)

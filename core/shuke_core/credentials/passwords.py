"""Passwords: set, looked at under the lock-out, hashed anew when the parameters change."""

from collections.abc import Collection
from uuid import UUID

from shuke_core.credentials import hashing
from shuke_core.credentials.locks import Try, failed, succeeded
from shuke_core.credentials.rules import checked_password, normal
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch


async def set_password(staff_id: UUID, password: str, names: Collection[str]) -> None:
    """Gives somebody a password. Raises what `checked_password` does, and HashingBusy."""
    checked = checked_password(password, names)
    async with hashing.turn():
        await _keep(staff_id, await hashing.hashed(checked))


async def is_password(made: Try, kept: str | None, password: str) -> bool:
    """Whether this counted try says the password of the hash `kept`. Inside a turn of `hashing`.

    It takes as long where the person is locked, has none, or is nobody; a good one made under
    former parameters is hashed anew.
    """
    said = normal(password)
    is_right = await hashing.matches(kept, said) and not made.is_locked
    if not is_right:
        await failed(made)
        return False
    await succeeded(made)
    if kept is not None and hashing.is_outdated(kept):
        await _keep(made.staff_id, await hashing.hashed(said))
    return True


async def _keep(staff_id: UUID, made: str) -> None:
    await fetch(
        "INSERT INTO credential (tenant_id, id, staff_id, hash, changed_at, step) "
        "VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (tenant_id, staff_id) DO UPDATE "
        "SET hash = excluded.hash, changed_at = excluded.changed_at",
        *(new_id(), staff_id, made, clock.now()),
    )

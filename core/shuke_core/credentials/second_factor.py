"""The second factor: enrolled with a first code, its codes taken once, recovery codes behind it."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.credentials.errors import SecondFactorThere, SecondFactorWrong
from shuke_core.credentials.totp import matching_step, new_secret
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, keyed_digest, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, current_tenant, fetch, fetch_one
from shuke_core.tenants.keyring import tenant_keys

RECOVERY_CODES = 10
_GROUPS = 4
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Whether somebody has one, and how many recovery codes are left."""

    is_on: bool
    recovery_codes: int


async def second_factor_of(staff_id: UUID) -> SecondFactor:
    """What somebody has."""
    row = await fetch_one(
        "SELECT EXISTS (SELECT FROM credential WHERE tenant_id = $1 AND staff_id = $2 "
        "AND confirmed_at IS NOT NULL) AS is_on, (SELECT count(*) FROM recovery_code "
        "WHERE tenant_id = $1 AND staff_id = $2 AND used_at IS NULL) AS recovery_codes",
        staff_id,
    )
    assert row is not None  # noqa: S101
    return SecondFactor(**row)


async def begin_second_factor(staff_id: UUID) -> bytes:
    """A new secret, in force once `confirm_second_factor` has seen a code of it.

    Raises SecondFactorThere: one that is in force is not replaced by whoever holds a session.
    """
    secret, row_id = new_secret(), new_id()
    rows = await fetch(
        "INSERT INTO credential (tenant_id, id, staff_id, changed_at, step) "
        "VALUES ($1, $2, $3, $4, 0) ON CONFLICT (tenant_id, staff_id) DO UPDATE "
        "SET step = 0 WHERE credential.confirmed_at IS NULL RETURNING id",
        *(row_id, staff_id, clock.now()),
    )
    if not rows:
        raise SecondFactorThere()
    sealed = seal((await tenant_keys()).sealing, secret, _place(rows[0]["id"]))
    await fetch(
        "UPDATE credential SET secret = $3 WHERE tenant_id = $1 AND id = $2",
        *(rows[0]["id"], sealed),
    )
    await record("staff.second_factor_begun", f"staff:{staff_id}")
    return secret


async def confirm_second_factor(staff_id: UUID, code: str) -> list[str]:
    """Puts the second factor in force; the recovery codes, told this once.

    Raises SecondFactorWrong, also where none was begun, and SecondFactorThere.
    """
    row = await _locked(staff_id)
    if row is None or row["secret"] is None:
        raise SecondFactorWrong()
    if row["confirmed_at"] is not None:
        raise SecondFactorThere()
    step = matching_step(await _opened(row), code, clock.now())
    if step is None:
        raise SecondFactorWrong()
    await fetch(
        "UPDATE credential SET confirmed_at = $3, step = $4 WHERE tenant_id = $1 AND id = $2",
        *(row["id"], clock.now(), step),
    )
    await record("staff.second_factor_set", f"staff:{staff_id}")
    return await renew_recovery_codes(staff_id)


async def take_code(staff_id: UUID, code: str) -> bool:
    """Whether it is a code of the second factor that nobody has used, nor a later one; it is now.

    The row is locked first: of two who send the same code at once, one is told no.
    """
    row = await _locked(staff_id)
    if row is None or row["secret"] is None or row["confirmed_at"] is None:
        return False
    step = matching_step(await _opened(row), code, clock.now())
    if step is None or step <= row["step"]:
        return False
    await fetch("UPDATE credential SET step = $3 WHERE tenant_id = $1 AND id = $2", row["id"], step)
    return True


async def take_recovery_code(staff_id: UUID, code: str) -> bool:
    """Whether it is one of the recovery codes that are left; it is used up with it."""
    rows = await fetch(
        "UPDATE recovery_code SET used_at = $4 WHERE tenant_id = $1 AND staff_id = $2 "
        "AND digest = $3 AND used_at IS NULL RETURNING id",
        *(staff_id, await _digest(staff_id, code), clock.now()),
    )
    if rows:
        await record("staff.recovery_code_used", f"staff:{staff_id}")
    return bool(rows)


async def renew_recovery_codes(staff_id: UUID) -> list[str]:
    """Ten new ones, told this once; those before are good for nothing."""
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    await fetch(
        "DELETE FROM recovery_code WHERE tenant_id = $1 AND staff_id = $2 RETURNING id", staff_id
    )
    await fetch(
        "INSERT INTO recovery_code (tenant_id, id, staff_id, digest, created_at) "
        "SELECT $1, t.id, $2, t.digest, $3 FROM unnest($4::uuid[], $5::bytea[]) AS t(id, digest)",
        *(staff_id, clock.now(), [new_id() for _ in codes]),
        [await _digest(staff_id, code) for code in codes],
    )
    await record("staff.recovery_codes_made", f"staff:{staff_id}")
    return codes


async def remove_second_factor(staff_id: UUID) -> bool:
    """Takes it away, recovery codes too; says whether there was one."""
    rows = await fetch(
        "UPDATE credential SET secret = NULL, confirmed_at = NULL, step = 0 "
        "WHERE tenant_id = $1 AND staff_id = $2 AND confirmed_at IS NOT NULL RETURNING id",
        staff_id,
    )
    await fetch(
        "DELETE FROM recovery_code WHERE tenant_id = $1 AND staff_id = $2 RETURNING id", staff_id
    )
    return bool(rows)


async def _locked(staff_id: UUID) -> Row | None:
    return await fetch_one(
        "SELECT id, secret, confirmed_at, step FROM credential "
        "WHERE tenant_id = $1 AND staff_id = $2 FOR UPDATE",
        staff_id,
    )


async def _opened(row: Row) -> bytes:
    return (await tenant_keys()).open(bytes(row["secret"]), _place(row["id"]))


def _place(row_id: UUID) -> Place:
    return Place(current_tenant(), "credential", row_id, "secret")


def _new_code() -> str:
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(_GROUPS))
    return "-".join(groups)


async def _digest(staff_id: UUID, code: str) -> bytes:
    """Keyed: its eighty bits are too few for a plain hash that somebody carried away."""
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    key = (await tenant_keys()).digesting
    return keyed_digest(key, "staff recovery code", str(staff_id), plain)

"""What an administrator does with accounts: invite, change roles, let go, reset, unlock."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.access.permissions import STAFF_MANAGE
from shuke_core.audit.services import record
from shuke_core.credentials.locks import unlock
from shuke_core.credentials.second_factor import remove_second_factor
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import Row, fetch, fetch_one
from shuke_core.staff.codes import Code, make_code, withdraw_codes
from shuke_core.staff.errors import CodeInvalid, ColleagueUnknown, HandleTaken, LastAdmin
from shuke_core.staff.events import StaffChanged
from shuke_core.staff.holding import check_holds_role, check_holds_stores
from shuke_core.staff.presence import set_stores, stores_of
from shuke_core.staff.roles import ADMIN, checked_role, governs
from shuke_core.staff.services import leave
from shuke_core.staff.sessions import sign_out_everywhere
from shuke_core.stepup.operations import Arguments, demands_step_up
from shuke_core.tenants.errors import StoreUnknown
from shuke_core.tenants.queries import stores_by_code
from shuke_core.tenants.services import checked_name, checked_slug


async def _makes_admin(given: Arguments) -> bool:
    """Whether it makes somebody an administrator, by whatever name the role goes."""
    return await governs(str(given["role"]))


async def _admins_made(given: Arguments) -> int:
    return int(await _makes_admin(given))


async def _one(_: Arguments) -> int:
    """Whoever resets somebody else's way in could become the second person."""
    return 1


async def _whom(given: Arguments) -> str:
    row = await fetch_one(
        "SELECT handle FROM staff WHERE tenant_id = $1 AND id::text = $2", str(given["staff"])
    )
    handle = row["handle"] if row else "?"
    return f"{handle} → {given['role']}" if "role" in given else handle


async def _invited(given: Arguments) -> str:
    return f"{given['handle']} → {given['role']}"


@demands_step_up(
    "staff.invite",
    {"zh": "邀请管理员", "en": "Invite an administrator"},
    STAFF_MANAGE,
    describe=_invited,
    measure=_admins_made,
    applies=_makes_admin,
)
async def invite(handle: str, name: str, role: str) -> Code:
    """Invites somebody to work here; the code with which they set their password, told this once.

    Who is invited already, or has left, is invited anew. Raises HandleTaken for who works here,
    SlugInvalid, NameInvalid, RoleUnknown, RoleTooMighty.
    """
    checked_slug(handle, "staff")
    await check_holds_role(role)
    row = await fetch_one(
        "INSERT INTO staff (tenant_id, id, handle, name, role, state, joined_at) "
        "VALUES ($1, $2, $3, $4, $5, 'invited', $6) ON CONFLICT (tenant_id, handle) DO UPDATE "
        "SET name = excluded.name, role = excluded.role, state = 'invited' "
        "WHERE staff.state <> 'active' RETURNING id",
        *(new_id(), handle, checked_name(name, "staff"), await checked_role(role), clock.now()),
    )
    if row is None:
        raise HandleTaken(handle=handle)
    await remove_second_factor(row["id"])  # of who comes back: what they had may be lost
    changes = {"handle": (None, handle), "role": (None, role)}
    await record("staff.invited", f"staff:{row['id']}", changes=changes)
    return await make_code(row["id"], "invite")


async def withdraw_invite(staff: UUID) -> None:
    """Takes an invite back before it is accepted. Raises ColleagueUnknown, CodeInvalid."""
    await _of(staff)
    rows = await fetch(
        "UPDATE staff SET state = 'left' WHERE tenant_id = $1 AND id = $2 AND state = 'invited' "
        "RETURNING id",
        staff,
    )
    if not rows:
        raise CodeInvalid()
    await withdraw_codes(staff)
    await record("staff.invite_withdrawn", f"staff:{staff}")


@demands_step_up(
    "staff.change_role",
    {"zh": "更改员工角色", "en": "Change somebody's role"},
    STAFF_MANAGE,
    describe=_whom,
    measure=_admins_made,
)
async def change_role(staff: UUID, role: str) -> None:
    """Gives somebody another role; it holds from their next question on, in open sockets too.

    Raises ColleagueUnknown, RoleUnknown, LastAdmin, and RoleTooMighty where the actor does not hold
    what the one role or the other has.
    """
    await checked_role(role)
    before = await _of(staff)
    for each in (before["role"], role):
        await check_holds_role(each)
    if before["role"] == ADMIN and role != ADMIN:
        await _another_admin(staff)
    await fetch(
        "UPDATE staff SET role = $3 WHERE tenant_id = $1 AND id = $2 RETURNING id", staff, role
    )
    await record("staff.role_changed", f"staff:{staff}", changes={"role": (before["role"], role)})
    announce(StaffChanged(staff))


async def let_go(staff: UUID, hand_over_to: UUID | None = None) -> None:
    """Somebody leaves: tokens and open sockets end with it, and what was theirs goes to whoever is
    named, else to nobody. Raises ColleagueUnknown, LastAdmin, AdvisorUnknown, AdvisorAway."""
    before = await _of(staff)
    if before["role"] == ADMIN:
        await _another_admin(staff)
    await leave(before["handle"], hand_over_to)


@demands_step_up(
    "staff.issue_reset_code",
    {"zh": "重置员工密码", "en": "Reset somebody's password"},
    STAFF_MANAGE,
    describe=_whom,
    measure=_one,
)
async def issue_reset_code(staff: UUID) -> Code:
    """A code with which somebody sets a new password within a day. Raises ColleagueUnknown, and
    RoleTooMighty: whoever has it can become that person."""
    row = await _of(staff)
    if row["state"] != "active":
        raise ColleagueUnknown()
    await check_holds_role(row["role"])
    await record("staff.reset_code_issued", f"staff:{staff}")
    return await make_code(staff, "reset")


@demands_step_up(
    "staff.remove_second_factor",
    {"zh": "移除员工二次验证", "en": "Take away somebody's second factor"},
    STAFF_MANAGE,
    describe=_whom,
    measure=_one,
)
async def take_second_factor_away(staff: UUID) -> None:
    """For who lost telephone and recovery codes; their sessions end. Raises ColleagueUnknown,
    RoleTooMighty."""
    await check_holds_role((await _of(staff))["role"])
    await remove_second_factor(staff)
    await record("staff.second_factor_removed", f"staff:{staff}")
    await sign_out_everywhere(staff)


async def _where(given: Arguments) -> str:
    return f"{await _whom(given)} → {', '.join(map(str, given['stores'])) or '-'}"


@demands_step_up(
    "staff.set_stores",
    {"zh": "设置员工所在门店", "en": "Set at which stores somebody works"},
    STAFF_MANAGE,
    describe=_where,
)
async def give_stores(staff: UUID, stores: Sequence[str]) -> None:
    """Somebody works at the stores of these codes and no others. Raises ColleagueUnknown,
    StoreUnknown, also to who is narrowed and does not see a store that is given or taken."""
    known = await stores_by_code(list(stores))
    if len(known) != len(set(stores)):
        raise StoreUnknown()
    before = await stores_of(staff)
    await check_holds_stores(before ^ set(known.values()))
    await set_stores(staff, known.values())


async def unlock_staff(staff: UUID) -> None:
    """Ends a lock-out before its time. Raises ColleagueUnknown."""
    await _of(staff)
    await unlock(staff)
    await record("staff.unlocked", f"staff:{staff}")


async def _of(staff: UUID) -> Row:
    row = await fetch_one(
        "SELECT handle, role, state FROM staff WHERE tenant_id = $1 AND id = $2 "
        "AND state <> 'left' FOR UPDATE",
        staff,
    )
    if row is None:
        raise ColleagueUnknown()
    return row


async def _another_admin(than: UUID) -> None:
    """Raises LastAdmin. One at a time: two admins who let each other go would both find another."""
    await lock_until_commit("staff.admins")
    row = await fetch_one(
        "SELECT id FROM staff WHERE tenant_id = $1 AND role = $2 AND state = 'active' "
        "AND id <> $3 LIMIT 1",
        *(ADMIN, than),
    )
    if row is None:
        raise LastAdmin()

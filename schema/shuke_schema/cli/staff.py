"""`shuke staff`: who works for a tenant, codes and tokens to come in with."""

from typing import Any

import click

from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.staff.administration import invite, issue_reset_code, unlock_staff
from shuke_core.staff.codes import Code
from shuke_core.staff.queries import StaffRow, all_staff, id_of_handle
from shuke_core.staff.services import add_staff, issue_staff_token, leave
from shuke_core.tenants.queries import find_tenant
from shuke_schema.cli.run import in_runtime, json_option, say


@click.group()
def staff() -> None:
    """See who works for a tenant; take people on, let them go, hand out codes and tokens."""


@staff.command("list")
@click.argument("slug")
@json_option
def list_staff(slug: str, as_json: bool) -> None:
    """List everybody who works or has worked for a tenant."""

    async def run(_: Runtime) -> list[StaffRow]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await all_staff()

    rows = in_runtime(run)
    found = [
        {"handle": row.handle, "name": row.name, "role": row.role, "state": row.state}
        for row in rows
    ]
    lines = ["\t".join(each.values()) for each in found]
    say(as_json, {"staff": found}, "\n".join(lines) or "Nobody works here yet.")


@staff.command()
@click.argument("slug")
@click.argument("handle")
@click.option("--name", required=True, help="What they are called.")
@click.option("--role", required=True, help="A ready-made role, or one of the tenant's own.")
@json_option
def add(slug: str, handle: str, name: str, role: str, as_json: bool) -> None:
    """Take somebody on under HANDLE; a known handle takes the new name and role."""

    async def run(_: Runtime) -> bool:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await add_staff(handle, name, role)

    is_new = in_runtime(run)
    facts: dict[str, Any] = {"handle": handle, "role": role, "created": is_new}
    say(as_json, facts, f"{handle} {'is taken on' if is_new else 'is now'} as {role}.")


@staff.command("invite")
@click.argument("slug")
@click.argument("handle")
@click.option("--name", required=True, help="What they are called.")
@click.option("--role", required=True, help="A ready-made role, or one of the tenant's own.")
@json_option
def invite_command(slug: str, handle: str, name: str, role: str, as_json: bool) -> None:
    """Invite somebody, a tenant's first administrator too: prints the code for their password."""

    async def run(_: Runtime) -> Code:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await invite(None, handle, name, role)

    _say_code(as_json, in_runtime(run))


@staff.command("reset-password")
@click.argument("slug")
@click.argument("handle")
@json_option
def reset_password_command(slug: str, handle: str, as_json: bool) -> None:
    """Print a code with which somebody sets a new password, and end their lock-out."""

    async def run(_: Runtime) -> Code:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            staff_id = await id_of_handle(handle)
            await unlock_staff(staff_id)
            return await issue_reset_code(None, staff_id)

    _say_code(as_json, in_runtime(run))


def _say_code(as_json: bool, made: Code) -> None:
    facts = {"code": made.code, "expires_at": made.expires_at}
    say(as_json, facts, f"{made.code}\nGood once, until {made.expires_at:%Y-%m-%d %H:%M} UTC.")


@staff.command("leave")
@click.argument("slug")
@click.argument("handle")
@click.option("--hand-over-to", metavar="HANDLE", help="Who gets their members; without: nobody.")
@json_option
def leave_command(slug: str, handle: str, hand_over_to: str | None, as_json: bool) -> None:
    """Let somebody go: their tokens end with it, and their members go to somebody else, or nobody."""

    async def run(_: Runtime) -> None:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            heir = await id_of_handle(hand_over_to) if hand_over_to else None
            await leave(handle, heir)

    in_runtime(run)
    say(as_json, {"handle": handle, "state": "left"}, f"{handle} has left.")


@staff.command()
@click.argument("slug")
@click.argument("handle")
@json_option
def token(slug: str, handle: str, as_json: bool) -> None:
    """Issue an access token for somebody of the staff, twelve hours long."""

    async def run(_: Runtime) -> str:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await issue_staff_token(handle)

    made = in_runtime(run)
    say(as_json, {"token": made}, made)

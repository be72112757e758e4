"""`shuke wechat`: the mini-programs of a tenant."""

import sys
from typing import Any, TextIO

import click

from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import find_tenant
from shuke_core.wechat.programs import INACTIVE_MONTHS, set_mini_program, switch_off
from shuke_core.wechat.queries import all_mini_programs
from shuke_schema.cli.run import in_runtime, json_option, say


@click.group()
def wechat() -> None:
    """Set up a tenant's mini-programs (小程序), list them, switch one off."""


@wechat.command("set")
@click.argument("slug")
@click.option("--appid", required=True, help="The mini-program's AppID.")
@click.option(
    "--inactive-months",
    type=click.IntRange(1, 120),
    default=INACTIVE_MONTHS,
    show_default=True,
    help="A phone whose member did nothing for so long may be somebody else's: staff decide.",
)
@json_option
def set_command(slug: str, appid: str, inactive_months: int, as_json: bool) -> None:
    """Set up a mini-program, or give it a new secret. The AppSecret is read from standard input.

    It is sealed in the database, and never shown again.
    """
    secret = _secret()

    async def run(_: Runtime) -> bool:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await set_mini_program(appid, secret, inactive_months)

    is_new = in_runtime(run)
    facts = {"tenant": slug, "app_id": appid, "created": is_new}
    say(as_json, facts, f"{appid} {'is set up' if is_new else 'has its new secret'}.")


def _secret() -> str:
    """Typed unseen at a terminal; otherwise the first line of what comes in."""
    stdin: TextIO = sys.stdin
    if stdin.isatty():
        typed: str = click.prompt("AppSecret", hide_input=True)
        return typed
    return stdin.readline().strip()


@wechat.command("off")
@click.argument("slug")
@click.option("--appid", required=True, help="The mini-program's AppID.")
@json_option
def off_command(slug: str, appid: str, as_json: bool) -> None:
    """Switch a mini-program off: nobody logs in through it until it is set up again."""

    async def run(_: Runtime) -> None:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            await switch_off(appid)

    in_runtime(run)
    say(as_json, {"tenant": slug, "app_id": appid, "state": "off"}, f"{appid} is off.")


@wechat.command("list")
@click.argument("slug")
@json_option
def list_command(slug: str, as_json: bool) -> None:
    """List a tenant's mini-programs, without their secrets."""

    async def run(_: Runtime) -> list[dict[str, Any]]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await all_mini_programs()

    found = in_runtime(run)
    lines = [f"{each['app_id']}\t{each['state']}\t{each['inactive_months']}" for each in found]
    say(as_json, {"mini_programs": found}, "\n".join(lines) or "No mini-programs yet.")

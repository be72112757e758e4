"""`shuke keys`: rotate the master key, renew tenants' sealing keys, and see what is left."""

import asyncio
from functools import partial
from typing import Any

import click

from shuke_core.kit.transactions import in_unit_of_work, unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.tenants.master_keys import masters
from shuke_core.tenants.queries import TenantCard, find_any_tenant, tenants_with_data
from shuke_core.upkeep.rotation import (
    NOTICE,
    begin_renewal,
    key_status,
    rewrap_member_keys,
    rewrap_tenant_keys,
    seals_from,
)
from shuke_schema.cli.run import in_runtime, json_option, say

_LOOK_AGAIN_SECONDS = 1.0

_tenant_option = click.option("--tenant", "slug", help="Only this one.  [default: every tenant]")


@click.group()
def keys() -> None:
    """Rotate keys. Whatever is stopped, by Ctrl-C or a kill, goes on when it is called again."""


async def _chosen(slug: str | None) -> list[TenantCard]:
    return [await find_any_tenant(slug)] if slug else await tenants_with_data()


@keys.command()
@_tenant_option
@json_option
def status(slug: str | None, as_json: bool) -> None:
    """Say what is wrapped by which key, and which former master keys are still needed."""

    async def run(_: Runtime) -> dict[str, Any]:
        tenants: list[dict[str, Any]] = []
        for card in await _chosen(slug):
            async with unit_of_work(card.id):
                found = await key_status()
            tenants.append(
                {
                    "tenant": card.slug,
                    "sealing_key": found.generation,
                    "other_master_keys": list(found.other_masters),
                    "member_keys_left": found.member_keys_left,
                }
            )
        needed = {key for each in tenants for key in each["other_master_keys"]}
        at_hand = {key.id for key in masters().former}
        return {
            "master_key": masters().present.id,
            "needed": sorted(needed),
            "missing": sorted(needed - at_hand),
            "not_needed": sorted(at_hand - needed) if slug is None else [],
            "tenants": tenants,
        }

    facts = in_runtime(run)
    lines = [f"The master key is {facts['master_key']}."]
    lines += [
        f"{each['tenant']}\tsealing key {each['sealing_key']}\t"
        f"{each['member_keys_left']} members' keys under an older one"
        + "".join(f"\tneeds {key}" for key in each["other_master_keys"])
        for each in facts["tenants"]
    ]
    lines += [f"{key} is needed and not in the settings." for key in facts["missing"]]
    lines += [
        f"{key} is no longer needed: take it out of SHUKE_FORMER_MASTER_KEYS."
        for key in facts["not_needed"]
    ]
    say(as_json, facts, "\n".join(lines))


@keys.command()
@_tenant_option
@json_option
def rotate(slug: str | None, as_json: bool) -> None:
    """Wrap tenants' keys by SHUKE_MASTER_KEY that one of SHUKE_FORMER_MASTER_KEYS has wrapped."""

    async def run(_: Runtime) -> dict[str, Any]:
        cards, rewrapped = await _chosen(slug), 0
        for nth, card in enumerate(cards, start=1):
            rewrapped += await in_unit_of_work(card.id, rewrap_tenant_keys)
            _progress(as_json, f"{card.slug} ({nth} of {len(cards)})")
        return {"master_key": masters().present.id, "tenants": len(cards), "rewrapped": rewrapped}

    facts = in_runtime(run)
    say(
        as_json,
        facts,
        f"{facts['rewrapped']} keys of {facts['tenants']} tenants wrapped anew by "
        f"{facts['master_key']}.",
    )


@keys.command()
@_tenant_option
@json_option
def renew(slug: str | None, as_json: bool) -> None:
    """Give tenants a new sealing key and wrap their members' keys by it.

    The new key opens at once and seals two minutes later, when every process has read it.
    """

    async def run(_: Runtime) -> dict[str, Any]:
        cards = await _chosen(slug)
        made = [card for card in cards if await in_unit_of_work(card.id, begin_renewal)]
        if made:
            seconds = int(NOTICE.total_seconds())
            _progress(as_json, f"{len(made)} keys made; they seal in {seconds} seconds.")
        for nth, card in enumerate(cards, start=1):
            await _rewrap_members(card)
            _progress(as_json, f"{card.slug} ({nth} of {len(cards)})")
        return {"tenants": len(cards), "made": len(made)}

    facts = in_runtime(run)
    say(as_json, facts, f"{facts['made']} sealing keys made; members' keys are wrapped by them.")


async def _rewrap_members(card: TenantCard) -> None:
    """Pass after pass until no member's key is left under an older sealing key."""
    while True:
        async with unit_of_work(card.id):
            is_coming, left = await seals_from() is not None, (await key_status()).member_keys_left
        if is_coming:
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            continue
        if not left:
            return
        after = await in_unit_of_work(card.id, rewrap_member_keys)
        while after is not None:
            after = await in_unit_of_work(card.id, partial(rewrap_member_keys, after))


def _progress(as_json: bool, line: str) -> None:
    if not as_json:
        click.echo(line)

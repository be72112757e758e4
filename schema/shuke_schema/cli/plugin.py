"""`shuke plugin`: which plugins there are, and switching them for a tenant."""

from typing import Any

import click
import orjson

from shuke_core.kit.transactions import unit_of_work
from shuke_core.plugin_host import (
    configure_plugin,
    disable_plugin,
    discover,
    enable_plugin,
    installed_plugins,
)
from shuke_core.plugins.queries import FaultRow, enabled_plugins, plugin_faults
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import find_tenant
from shuke_schema.cli.run import in_runtime, json_option, say


@click.group()
def plugin() -> None:
    """See which plugins are installed; switch them on and off for a tenant."""


@plugin.command("list")
@click.argument("slug", required=False)
@json_option
def list_plugins(slug: str | None, as_json: bool) -> None:
    """List installed plugins; with a tenant, whether each is on there and what went wrong."""
    if slug is None:
        discover()
        _print_list(as_json, None, [])
        return

    async def run(_: Runtime) -> tuple[frozenset[str], list[FaultRow]]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await enabled_plugins(), await plugin_faults()

    _print_list(as_json, *in_runtime(run))


def _print_list(as_json: bool, on: frozenset[str] | None, faults: list[FaultRow]) -> None:
    found: list[dict[str, Any]] = []
    for each in installed_plugins():
        facts: dict[str, Any] = {
            "key": each.key,
            "version": each.version,
            "label": each.label["en"],
        }
        if on is not None:
            facts["on"] = each.key in on
            facts["faults"] = sum(fault.times for fault in faults if fault.key == each.key)
        found.append(facts)
    lines = [
        "\t".join(
            (
                facts["key"],
                facts["version"],
                facts["label"],
                *([] if on is None else ["on" if facts["on"] else "off"]),
                *([f"{facts['faults']} faults"] if facts.get("faults") else []),
            )
        )
        for facts in found
    ]
    lines += [f"  {f.key} failed {f.times} times in {f.place}: {f.reason}" for f in faults]
    say(as_json, {"plugins": found}, "\n".join(lines) or "No plugin is installed.")


def _switch(slug: str, keys: tuple[str, ...], on: bool) -> dict[str, bool]:
    async def run(_: Runtime) -> dict[str, bool]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            act = enable_plugin if on else disable_plugin
            return {key: await act(key) for key in keys}

    return in_runtime(run)


@plugin.command()
@click.argument("slug")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@json_option
def enable(slug: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Switch plugins on for a tenant."""
    changed = _switch(slug, keys, True)
    lines = [f"{key} is on{'' if new else ' already'} for {slug}." for key, new in changed.items()]
    say(as_json, {"changed": changed}, "\n".join(lines))


@plugin.command()
@click.argument("slug")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@json_option
def disable(slug: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Switch plugins off for a tenant: fields, hooks and jobs are gone, data stays."""
    changed = _switch(slug, keys, False)
    lines = [
        f"{key} is off{'' if new else ' already'} for {slug}; its data stays."
        for key, new in changed.items()
    ]
    say(as_json, {"changed": changed}, "\n".join(lines))


@plugin.command()
@click.argument("slug")
@click.argument("key")
@click.argument("values", metavar="JSON")
@json_option
def configure(slug: str, key: str, values: str, as_json: bool) -> None:
    """Replace a plugin's settings for a tenant by a JSON object."""
    try:
        wanted = orjson.loads(values)
    except orjson.JSONDecodeError as fault:
        raise click.BadParameter(f"this is not JSON: {fault}") from None
    if not isinstance(wanted, dict):
        raise click.BadParameter("settings are a JSON object")

    async def run(_: Runtime) -> dict[str, Any]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await configure_plugin(key, wanted)

    kept = in_runtime(run)
    say(as_json, {"plugin": key, "settings": kept}, f"{key} is set for {slug}.")

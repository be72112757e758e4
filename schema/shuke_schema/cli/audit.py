"""`shuke audit`: walk the chain that seals what was done."""

import re
import sys
from pathlib import Path

import click

from shuke_core.audit.chain import Verdict, verify_chain
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import find_any_tenant
from shuke_schema.cli.run import in_runtime, json_option, say

_HEAD = re.compile(r"audit head (\S+) (\d+) ([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """Verify the audit chain of a tenant."""


@audit.command()
@click.argument("slug")
@click.option(
    "--log",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A log of the worker, kept elsewhere: its heads show a tail that was cut off.",
)
@json_option
def verify(slug: str, log: Path | None, as_json: bool) -> None:
    """Derive every link of a tenant's audit anew; exit code 1 when anything was touched."""

    async def run(_: Runtime) -> Verdict:
        card = await find_any_tenant(slug)
        known = _heads(log, str(card.id)) if log else []
        async with unit_of_work(card.id):
            return await verify_chain(known)

    found = in_runtime(run)
    facts = {
        "tenant": slug,
        "entries": found.entries,
        "sealed": found.head.position,
        "unsealed": found.unsealed,
        "head": found.head.mac.hex(),
        "faults": list(found.faults),
    }
    lines = [f"{found.entries} entries, {found.head.position} sealed; the chain holds."]
    if found.faults:
        lines = [f"{found.entries} entries, {found.head.position} links:", *found.faults]
    say(as_json, facts, "\n".join(lines))
    if found.faults:
        sys.exit(1)


def _heads(log: Path, tenant_id: str) -> list[tuple[int, str]]:
    text = log.read_text(encoding="utf-8", errors="replace")
    return [(int(at), mac) for tenant, at, mac in _HEAD.findall(text) if tenant == tenant_id]

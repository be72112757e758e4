"""`shuke ledger`: proofs about points."""

import sys
from dataclasses import asdict
from typing import Any

import click

from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.verify import Verified, verify_ledger
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import find_any_tenant, tenants_with_data
from shuke_schema.cli.run import in_runtime, json_option, say


@click.group()
def ledger() -> None:
    """Look into the ledger of points."""


async def _verify(slug: str | None) -> dict[str, Verified]:
    tenants = [await find_any_tenant(slug)] if slug else await tenants_with_data()
    verified = {}
    for tenant in tenants:
        async with unit_of_work(tenant.id):
            verified[tenant.slug] = await verify_ledger()
    return verified


@ledger.command()
@click.argument("slug", required=False)
@json_option
def verify(slug: str | None, as_json: bool) -> None:
    """Derive every balance, lot and allocation anew and compare.

    For one tenant, or for all. Exit code 1 when anything differs.
    """

    async def run(_: Runtime) -> dict[str, Verified]:
        return await _verify(slug)

    verified = in_runtime(run)
    totals: dict[str, Any] = {
        name: sum(getattr(v, name) for v in verified.values())
        for name in ("accounts", "entries", "issued", "differences")
    }
    found = [
        {"tenant": tenant, **asdict(difference)}
        for tenant, v in verified.items()
        for difference in v.found
    ]
    lines = [
        f"{tenant}: {v.accounts} accounts, {v.entries} entries, {v.issued} points issued, "
        f"{v.differences} differences"
        for tenant, v in verified.items()
    ]
    lines += [
        f"  {f['tenant']}: {f['check']} of {f['row_id']} is {f['stored']}, should be {f['derived']}"
        for f in found
    ]
    say(as_json, {"tenants": len(verified), **totals, "found": found}, "\n".join(lines))
    sys.exit(1 if totals["differences"] else 0)

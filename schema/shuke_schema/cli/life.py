"""`shuke tenant suspend`, `resume`, `close` and `erase`: a tenant's life, by the operator."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import click

from shuke_core.audit.services import record
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.upkeep.erasure import erase_tenant
from shuke_core.upkeep.services import close_tenant, resume_tenant, suspend_tenant
from shuke_schema.cli.run import in_runtime, json_option, say

_reason_option = click.option("--reason", default="", help="Kept in the operator's log.")


def _move(
    act: Callable[[str, str, str], Awaitable[UUID]], word: str, slug: str, reason: str
) -> dict[str, Any]:
    async def run(runtime: Runtime) -> dict[str, Any]:
        tenant_id = await act(runtime.places.owner(), slug, reason)
        async with unit_of_work(tenant_id):
            await record(f"tenant.{word}", "tenant", reason=reason)
        return {"tenant": slug, "state": word}

    return in_runtime(run)


@click.command()
@click.argument("slug")
@_reason_option
@json_option
def suspend(slug: str, reason: str, as_json: bool) -> None:
    """Let nobody in; what tills send is kept and waits. Felt everywhere within seconds."""
    say(as_json, _move(suspend_tenant, "suspended", slug, reason), f"{slug} is suspended.")


@click.command()
@click.argument("slug")
@_reason_option
@json_option
def resume(slug: str, reason: str, as_json: bool) -> None:
    """Let everything go on, with what came meanwhile. Also takes a closing back."""
    say(as_json, _move(resume_tenant, "resumed", slug, reason), f"{slug} is active again.")


@click.command()
@click.argument("slug")
@_reason_option
@json_option
def close(slug: str, reason: str, as_json: bool) -> None:
    """Take nothing new; what is there can be read and exported until it is erased."""
    say(
        as_json,
        _move(close_tenant, "closed", slug, reason),
        f"{slug} is closing; after SHUKE_CLOSING_DAYS `shuke tenant erase` deletes it.",
    )


@click.command()
@click.argument("slug")
@click.option("--confirm", default="", help="The slug once more.")
@click.option("--now", is_flag=True, help="Do not wait for the end of its term.")
@json_option
def erase(slug: str, confirm: str, now: bool, as_json: bool) -> None:
    """Destroy a closing tenant's keys and all of its rows. It can't be undone.

    Stopped in the middle, it goes on when it is called again.
    """

    async def run(runtime: Runtime) -> dict[str, Any]:
        days = 0 if now else runtime.settings.closing_days
        deleted = await erase_tenant(
            runtime.places.owner(),
            slug,
            confirmed=confirm,
            term=timedelta(days=days),
            redis_url=runtime.places.redis_url,
            progress=(lambda _: None) if as_json else click.echo,
        )
        return {"tenant": slug, "state": "erased", "rows": deleted}

    facts = in_runtime(run)
    say(as_json, facts, f"{slug} is erased: {facts['rows']} rows.")

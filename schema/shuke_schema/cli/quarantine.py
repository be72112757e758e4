"""`shuke tenant quarantine`: tickets that could not be cleaned."""

from typing import Any
from uuid import UUID

import click

from shuke_core.integrations import quarantine as tickets
from shuke_core.integrations.services import integration_of
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import find_tenant
from shuke_schema.cli.run import in_runtime, json_option, say


@click.group()
def quarantine() -> None:
    """Look at tickets that could not be cleaned, and let them in after a fix."""


@quarantine.command("list")
@click.argument("slug")
@click.argument("integration")
@json_option
def list_waiting(slug: str, integration: str, as_json: bool) -> None:
    """List open tickets, oldest first: field, reason, and what was found (masked)."""

    async def run(_: Runtime) -> list[tickets.WaitingTicket]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            await integration_of(integration)
            return await tickets.waiting_tickets(integration)

    waiting = in_runtime(run)
    say(
        as_json,
        {
            "tickets": [
                {
                    "id": t.id,
                    "message": t.message_id,
                    "row": t.row_no,
                    "field": t.field,
                    "code": t.code,
                    "found": t.found,
                    "since": t.quarantined_at,
                }
                for t in waiting
            ]
        },
        "\n".join(f"{t.id}  {t.field}  {t.code}  {t.found}" for t in waiting) or "None is waiting.",
    )


@quarantine.command()
@click.argument("slug")
@click.argument("integration")
@json_option
def replay(slug: str, integration: str, as_json: bool) -> None:
    """Try all open tickets again, after a fix outside of them (such as a store that was missing)."""

    async def run(_: Runtime) -> dict[str, int]:
        card = await find_tenant(slug)
        accepted = still = 0
        last: UUID | None = None
        while True:
            async with unit_of_work(card.id):
                await integration_of(integration)
                step, last = await tickets.replay(integration, last)
            accepted, still = accepted + step.accepted, still + step.still_quarantined
            if last is None:
                return {"accepted": accepted, "still_quarantined": still}

    facts = in_runtime(run)
    say(
        as_json, facts, f"{facts['accepted']} went in, {facts['still_quarantined']} still can't be."
    )


@quarantine.command()
@click.argument("slug")
@click.argument("ticket", type=click.UUID)
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@json_option
def correct(slug: str, ticket: UUID, fields: tuple[str, ...], as_json: bool) -> None:
    """Correct fields of one ticket, such as phone=13800138000, and try it again."""
    corrections: dict[str, object] = {}
    for field in fields:
        name, separator, value = field.partition("=")
        if not separator:
            raise click.BadParameter("write each correction as FIELD=VALUE")
        corrections[name] = value

    async def run(_: Runtime) -> tickets.Replayed:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await tickets.correct(ticket, corrections)

    outcome = in_runtime(run)
    facts: dict[str, Any] = {"accepted": bool(outcome.accepted)}
    say(as_json, facts, "It went in." if outcome.accepted else "It still can't be cleaned.")


@quarantine.command()
@click.argument("slug")
@click.argument("ticket", type=click.UUID)
def discard(slug: str, ticket: UUID) -> None:
    """Give one ticket up for good."""

    async def run(_: Runtime) -> None:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            await tickets.discard(ticket)

    in_runtime(run)
    click.echo("Discarded.")

"""`shuke tenant dead` and `redrive`: what failed too often, why, and trying it again."""

from typing import Any

import click

from shuke_core.events.parking import redrive_dead
from shuke_core.events.queries import FailedEvent, failed_events
from shuke_core.integrations.inbox import redrive_dead_messages
from shuke_core.integrations.queries import DeadMessage, dead_messages
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.tenants.queries import find_tenant
from shuke_schema.cli.run import in_runtime, json_option, say


@click.command()
@click.argument("slug")
@json_option
def dead(slug: str, as_json: bool) -> None:
    """List dead messages, and events that are dead or parked, with their reasons.

    The latest hundred of each. Once the cause is mended: `shuke tenant redrive`.
    """

    async def run(_: Runtime) -> tuple[list[DeadMessage], list[FailedEvent]]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return await dead_messages(), await failed_events()

    messages, events = in_runtime(run)
    facts: dict[str, Any] = {
        "messages": [
            {
                "integration": m.integration,
                "message": m.message_id,
                "received": m.received_at,
                "attempts": m.attempt,
                "reason": m.reason,
            }
            for m in messages
        ],
        "events": [
            {
                "reaction": e.reaction,
                "position": e.position,
                "entity": e.entity,
                "state": e.state,
                "since": e.parked_at,
                "attempts": e.attempt,
                "reason": e.reason,
            }
            for e in events
        ],
    }
    lines = [f"message  {m.integration}  {m.message_id}  {m.reason}" for m in messages]
    lines += [f"event    {e.reaction}  {e.entity}  {e.state}  {e.reason}" for e in events]
    say(as_json, facts, "\n".join(lines) or "Nothing is dead or parked.")


@click.command()
@click.argument("slug")
@json_option
def redrive(slug: str, as_json: bool) -> None:
    """Give dead messages and parked events new attempts, once their cause is mended."""

    async def run(_: Runtime) -> dict[str, Any]:
        card = await find_tenant(slug)
        async with unit_of_work(card.id):
            return {"messages": await redrive_dead_messages(), "events": await redrive_dead()}

    facts = in_runtime(run)
    say(as_json, facts, f"{facts['messages']} messages and {facts['events']} events try again.")

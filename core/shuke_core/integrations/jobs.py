"""What the worker does for integrations: forget what old messages said, watch the quarantine."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.events.reactions import Event, Reaction, register_reaction
from shuke_core.integrations.events import TicketQuarantined, TicketResolved
from shuke_core.integrations.inbox import forget_payloads
from shuke_core.integrations.watch import watch_quarantine
from shuke_core.worker.schedules import Schedule, register_schedule


async def watch(events: Sequence[Event]) -> None:
    """Once for each integration of a batch, however many tickets came and went."""
    await watch_quarantine({UUID(event.payload["integration_id"]) for event in events})


register_schedule(Schedule("integrations.forget_payloads", hour=3, minute=30, run=forget_payloads))
register_reaction(
    Reaction(
        "integrations.watch_quarantine",
        frozenset({TicketQuarantined.type, TicketResolved.type}),
        watch,
    )
)

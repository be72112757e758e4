"""What the worker does for the audit: seal entries in the order in which they were committed."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.audit.chain import seal_entries
from shuke_core.audit.events import ActRecorded
from shuke_core.events.reactions import Event, Reaction, register_reaction


async def seal(events: Sequence[Event]) -> None:
    """The events' positions give the order."""
    await seal_entries([UUID(event.payload["entry_id"]) for event in events])


register_reaction(Reaction("audit.seal", frozenset({ActRecorded.type}), seal))

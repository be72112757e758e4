"""What the worker does for interactions: what was done about one closes it."""

from collections.abc import Sequence
from uuid import UUID

from shuke_core.events.reactions import Event, Reaction, register_reaction
from shuke_core.interactions.services import close_with_tasks
from shuke_core.tasks.events import TaskEnded


async def close_what_is_done(events: Sequence[Event]) -> None:
    """Of the tasks that have ended, those that came of interactions."""
    found = {event.payload["interaction_id"] for event in events}
    await close_with_tasks({UUID(each) for each in found if each is not None})


register_reaction(Reaction("interactions.close", frozenset({TaskEnded.type}), close_what_is_done))

"""The outbox: a service announces what happened; the unit of work writes it when it commits.

Events of one unit go out in one statement, in the order of their announcement. A rollback takes
them along. Their position in the tenant's history is stamped later, by the relay.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol
from uuid import UUID

import orjson

from shuke_core.kit.ids import new_id
from shuke_core.kit.traces import current_trace
from shuke_core.kit.transactions import current_unit, fetch
from shuke_core.worker.wake import wake_after_commit

RELAY = "relay"
_NOTE = "outbox"


class DomainEvent(Protocol):
    """A frozen dataclass in a domain's `events.py`; its fields are the payload.

    `type` is dotted words, stable for ever. `entity` names what it happened to ("order:<id>"):
    events of one entity are handled in their order.
    """

    type: ClassVar[str]

    @property
    def entity(self) -> str: ...


_Waiting = tuple[UUID, DomainEvent, str | None]


def payload_of(event: DomainEvent) -> bytes:
    """The event's fields as JSON: ids and dates as text, amounts as whole numbers."""
    body: Mapping[str, Any] = {
        f.name: getattr(event, f.name)
        for f in fields(event)  # type: ignore[arg-type]
    }
    return orjson.dumps(body, default=str)  # ids read by asyncpg are a subclass orjson refuses


def announce(event: DomainEvent, trace: str | None = None) -> UUID:
    """Puts the event into the outbox of the open unit of work; returns the event's id.

    `trace` says which request it comes from where one unit works off several.
    """
    unit = current_unit()
    waiting: list[_Waiting] | None = unit.notes.get(_NOTE)
    if waiting is None:
        waiting = unit.notes[_NOTE] = []
        unit.before_commit.append(_write)
        wake_after_commit(RELAY)
    event_id = new_id()
    waiting.append((event_id, event, trace or current_trace()))
    return event_id


async def _write() -> None:
    events: list[_Waiting] = current_unit().notes.pop(_NOTE)
    await fetch(
        "INSERT INTO event (tenant_id, id, type, entity, payload, trace) "
        "SELECT $1, t.id, t.type, t.entity, t.payload::jsonb, t.trace "
        "FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) "
        "WITH ORDINALITY AS t(id, type, entity, payload, trace, nth) ORDER BY t.nth",
        [event_id for event_id, _, _ in events],
        [event.type for _, event, _ in events],
        [event.entity for _, event, _ in events],
        [payload_of(event).decode() for _, event, _ in events],
        [trace for _, _, trace in events],
    )

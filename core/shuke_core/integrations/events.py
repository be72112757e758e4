"""The facts this domain announces. None carries what a ticket said."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MessageTaken:
    """A signed message of an integration lies in the inbox."""

    type: ClassVar[str] = "message.taken"
    integration_id: UUID
    message_id: UUID
    tickets: int

    @property
    def entity(self) -> str:
        return f"message:{self.message_id}"


@dataclass(frozen=True, slots=True)
class MessageDone:
    """A message was worked off: what became of its tickets."""

    type: ClassVar[str] = "message.done"
    integration_id: UUID
    message_id: UUID
    accepted: int
    known: int
    quarantined: int

    @property
    def entity(self) -> str:
        return f"message:{self.message_id}"


@dataclass(frozen=True, slots=True)
class TicketQuarantined:
    """A ticket could not be cleaned and waits; `field` and `reason` say what is wrong with it."""

    type: ClassVar[str] = "ticket.quarantined"
    integration_id: UUID
    ticket_id: UUID
    field: str
    reason: str

    @property
    def entity(self) -> str:
        return f"ticket:{self.ticket_id}"


@dataclass(frozen=True, slots=True)
class TicketResolved:
    """A quarantined ticket waits no longer. `outcome`: replayed or discarded."""

    type: ClassVar[str] = "ticket.resolved"
    integration_id: UUID
    ticket_id: UUID
    outcome: str

    @property
    def entity(self) -> str:
        return f"ticket:{self.ticket_id}"

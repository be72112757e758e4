"""Who acts in the open unit of work: said once where it opens, read by whatever is recorded."""

from dataclasses import dataclass
from uuid import UUID

from shuke_core.kit.transactions import current_unit

_NOTE = "actor"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody of the staff, a key, or the system itself. `source` is where they come from, `agent`
    what they say that they come with. Who is none of these, a visitor say, is of the kind system
    under a name of their own: only `SYSTEM` is the system itself."""

    kind: str
    id: UUID | None
    name: str
    source: str = ""
    agent: str = ""


SYSTEM = Actor("system", None, "system")


def act_as(actor: Actor) -> None:
    """Says who acts in the open unit."""
    current_unit().notes[_NOTE] = actor


def current_actor() -> Actor:
    """Who acts in the open unit; the system, unless somebody said otherwise."""
    actor: Actor = current_unit().notes.get(_NOTE, SYSTEM)
    return actor

"""Reading one field of a ticket, so that a refusal names the field it is about."""

from collections.abc import Callable
from typing import TypeVar

from shuke_core.integrations.ticket_facts import Rejected
from shuke_core.kit.cleaning import Unclean, clean_scalar, shown
from shuke_core.kit.money import parse_fen

T = TypeVar("T")


class TicketRefused(Exception):
    """Ends the reading of a ticket; `rejected` says why."""

    def __init__(self, field: str, code: str, found: str) -> None:
        super().__init__(field, code, found)
        self.rejected = Rejected(field, code, found)


def read(field: str, rule: Callable[[], T]) -> T:
    """What `rule` makes of the value; an `Unclean` becomes a `TicketRefused` at `field`."""
    try:
        return rule()
    except Unclean as refusal:
        raise TicketRefused(field, refusal.code, refusal.found) from None


def optional_text(field: str, value: object, *, longest: int) -> str | None:
    """Clean text, or None where the field is absent or says "nothing"."""
    return read(field, lambda: clean_scalar(value, longest=longest))


def required_text(field: str, value: object, *, longest: int) -> str:
    """Clean text; FIELD_MISSING where there is none."""
    text = optional_text(field, value, longest=longest)
    if text is None:
        raise TicketRefused(field, "FIELD_MISSING", shown(value))
    return text


def amount(field: str, value: object) -> int:
    """Integer fen of an amount in yuan."""
    return read(field, lambda: parse_fen(value))  # type: ignore[arg-type]  # refuses other types

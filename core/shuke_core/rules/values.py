"""Values of a document: literals by the type of their field, lists, ranges and relative times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import Enum
from typing import Any as Json
from typing import TypeVar

from shuke_core.rules.declare import RuleField
from shuke_core.rules.document import Operand, Range, Scalar
from shuke_core.rules.times import Away, Last
from shuke_core.rules.vocabulary import (
    DAYS_OF,
    DECIMAL_PLACES,
    FIRST_YEAR,
    LARGEST_NUMBER,
    LAST_YEAR,
    LONGEST_TEXT,
    MOST_DAYS_AWAY,
    MOST_LISTED,
    OF_LISTS,
    OF_THE_CLOCK,
    Op,
    Period,
    Unit,
    ValueType,
)

Word = TypeVar("Word", bound=Enum)
_LONGEST_SHOWN = 60


@dataclass(eq=False)
class Unfit(Exception):
    """A value does not fit; `path` leads on from the value."""

    found: str
    expected: str
    path: str = ""
    nearest: str | None = None


def shown(told: Json) -> str:
    """What was found, as a problem tells it: short, and legible whatever it is."""
    match told:
        case None:
            return "nothing"
        case bool():
            return "true" if told else "false"
        case dict():
            keys = ", ".join(repr(str(key)[:20]) for key in list(told)[:6])
            return f"an object with {keys}" if keys else "an empty object"
        case list():
            return f"a list of {len(told)}"
        case int() if abs(told) > 10**30:
            return "a very large number"
        case str():
            text = told if len(told) <= _LONGEST_SHOWN else f"{told[:_LONGEST_SHOWN]}…"
            return repr(text.encode("utf-8", "backslashreplace").decode())
    return repr(told)[:_LONGEST_SHOWN]


def operand_of(told: Json, of: RuleField, op: Op) -> Operand:
    """The value that an operator compares a field with; raises Unfit."""
    if op in OF_LISTS:
        if not isinstance(told, list):
            raise Unfit(shown(told), f"a list of values, as {op.value} asks for")
        if len(told) > MOST_LISTED:
            raise Unfit(f"a list of {len(told)}", f"at most {MOST_LISTED} values")
        return tuple(_placed(f"[{place}]", each, of) for place, each in enumerate(told))
    if op is Op.BETWEEN:
        return _stretch(told, of)
    if isinstance(told, dict) and of.type.is_temporal:
        return _away(told, of)
    return scalar(told, of)


def _placed(path: str, told: Json, of: RuleField) -> Scalar:
    try:
        return scalar(told, of)
    except Unfit as unfit:
        unfit.path = f"{path}{unfit.path}"
        raise


def _stretch(told: Json, of: RuleField) -> Range | Period | Last:
    wanted = 'an object with "from" and "to", or one of them'
    if of.type.is_temporal:
        wanted += ', or with "last" and "unit", or with "period"'
    if not isinstance(told, dict):
        raise Unfit(shown(told), wanted)
    if of.type.is_temporal and told.keys() == {"period"}:
        return _word(told["period"], Period, ".period")
    if of.type.is_temporal and told.keys() == {"last", "unit"}:
        number, unit = _number_of_units(told, "last")
        if unit in OF_THE_CLOCK:
            raise Unfit(shown(told["unit"]), "days, weeks, months or years", ".unit")
        return Last(number, unit)
    bounds = {key: value for key, value in told.items() if value is not None}
    if not bounds or not bounds.keys() <= {"from", "to"}:
        raise Unfit(shown(told), wanted)
    return Range(*(_bound(bounds.get(key), of, f".{key}") for key in ("from", "to")))


def _bound(told: Json, of: RuleField, path: str) -> Scalar | Away | None:
    if told is None:
        return None
    if isinstance(told, dict) and of.type.is_temporal:
        try:
            return _away(told, of)
        except Unfit as unfit:
            unfit.path = f"{path}{unfit.path}"
            raise
    return _placed(path, told, of)


def _away(told: Mapping[str, Json], of: RuleField) -> Away:
    wanted = f'a {of.type.value}, or an object with "ago" or "ahead", and "unit"'
    direction = next((key for key in ("ago", "ahead") if key in told), None)
    if direction is None or told.keys() != {direction, "unit"}:
        raise Unfit(shown(told), wanted)
    number, unit = _number_of_units(told, direction)
    if of.type is ValueType.DATE and unit in OF_THE_CLOCK:
        raise Unfit(shown(told["unit"]), "days, weeks, months or years, of a date", ".unit")
    return Away(number if direction == "ago" else -number, unit)


def _number_of_units(told: Mapping[str, Json], key: str) -> tuple[int, Unit]:
    unit = _word(told["unit"], Unit, ".unit")
    number, most = told[key], int(MOST_DAYS_AWAY / DAYS_OF[unit])
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= most:
        raise Unfit(shown(number), f"a whole number of {unit.value} from 0 to {most}", f".{key}")
    return number, unit


def _word(told: Json, words: type[Word], path: str) -> Word:
    known = {each.value: each for each in words}
    if isinstance(told, str) and told in known:
        return known[told]
    near = get_close_matches(told[:80], known, n=1) if isinstance(told, str) else []
    raise Unfit(shown(told), f"one of {', '.join(known)}", path, near[0] if near else None)


def scalar(told: Json, of: RuleField) -> Scalar:
    """One value of the field's type; raises Unfit."""
    match of.type:
        case ValueType.TEXT | ValueType.STORE:
            return _text(told)
        case ValueType.CHOICE:
            if not isinstance(told, str) or told not in of.choices:
                near = (
                    get_close_matches(told[:80], of.choices, n=1) if isinstance(told, str) else []
                )
                expected = f"one of {', '.join(of.choices)}"
                raise Unfit(shown(told), expected, nearest=near[0] if near else None)
            return told
        case ValueType.FLAG:
            if not isinstance(told, bool):
                raise Unfit(shown(told), "true or false")
            return told
        case ValueType.DECIMAL:
            return _decimal(told)
        case ValueType.DATE:
            return _date(told)
        case ValueType.TIME:
            return _time(told)
    what = "a whole number of fen" if of.type is ValueType.MONEY else "a whole number"
    if isinstance(told, bool) or not isinstance(told, int) or abs(told) > LARGEST_NUMBER:
        raise Unfit(shown(told), f"{what}, at most {LARGEST_NUMBER}")
    return told


def _text(told: Json) -> str:
    """Text that PostgreSQL can hold: it knows neither NUL nor half of a character."""
    if not isinstance(told, str) or len(told) > LONGEST_TEXT:
        raise Unfit(shown(told), f"a text of at most {LONGEST_TEXT} characters")
    if "\0" in told or any("\ud800" <= letter <= "\udfff" for letter in told):
        raise Unfit(shown(told), "a text without NUL and half characters")
    return told


def _decimal(told: Json) -> Decimal:
    expected = f"a number of at most {DECIMAL_PLACES} places, as a number or a text"
    if isinstance(told, bool) or not isinstance(told, int | float | str) or len(str(told)) > 20:
        raise Unfit(shown(told), expected)
    try:
        value = Decimal(str(told))
    except InvalidOperation:
        raise Unfit(shown(told), expected) from None
    if (
        not value.is_finite()
        or abs(value) > LARGEST_NUMBER
        or value != round(value, DECIMAL_PLACES)
    ):
        raise Unfit(shown(told), expected)
    return value


def _date(told: Json) -> date:
    expected = f"a date from {FIRST_YEAR} to {LAST_YEAR}, such as 2026-03-01"
    if not isinstance(told, str) or len(told) != len("2026-03-01"):
        raise Unfit(shown(told), expected)
    try:
        day = date.fromisoformat(told)
    except ValueError:
        raise Unfit(shown(told), expected) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Unfit(shown(told), expected)
    return day


def _time(told: Json) -> date | datetime:
    """A moment, or a date: the beginning of that day in the tenant's zone."""
    expected = "a moment with its offset, such as 2026-03-01T08:00:00+08:00, or a date"
    if not isinstance(told, str) or len(told) > 40:
        raise Unfit(shown(told), expected)
    try:
        return _date(told)
    except Unfit:
        pass
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise Unfit(shown(told), expected) from None
    if moment.tzinfo is None or not FIRST_YEAR < moment.year < LAST_YEAR:
        raise Unfit(shown(told), expected)
    return moment.astimezone(UTC)

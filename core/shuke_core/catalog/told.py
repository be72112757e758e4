"""What files and connectors tell of items, read field by field; a refusal names its field.

What is not told stays as it is: an item that is known needs its code alone. Prices are yuan, as on
tickets. Fields that the core does not know are handed to plugins as text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeVar

from shuke_core.catalog.rules import STATE_WORDS, ItemState, category_names
from shuke_core.kit.cleaning import Unclean, clean_scalar, shown
from shuke_core.kit.money import parse_fen

LONGEST_CODE: Final = 64
LONGEST_NAME: Final = 200
MOST_DETAILS: Final = 40
LONGEST_DETAIL: Final = 500
FIELDS: Final = ("code", "name", "category", "price", "state")
_NOTHING: Final = frozenset({"", "-", "--", "/", "无", "空", "暂无"})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ItemRefused:
    """The first thing in what was told of an item that can't be taken: field, code, what stood there."""

    field: str
    code: str
    found: str


class ItemOutcome(Enum):
    """What became of an item that was told of."""

    ENTERED = "entered"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class ToldItem:
    """What is told of one item; None is what nothing is told of. `details` are the plugins'."""

    code: str
    name: str | None = None
    category: tuple[str, ...] | None = None
    price_fen: int | None = None
    state: ItemState | None = None
    details: Mapping[str, str] = field(default_factory=dict)


class _Refused(Exception):
    def __init__(self, why: ItemRefused) -> None:
        super().__init__(why)
        self.why = why


def read_item(raw: object) -> ToldItem | ItemRefused:
    """An item of a JSON object or of a row of a file, or what in it can't be read.

    Codes beside those of text and amounts: ITEM_NOT_AN_OBJECT, ITEM_CODE_MISSING, PRICE_NEGATIVE,
    ITEM_STATE_INVALID, CATEGORY_NAME_INVALID, CATEGORY_PATH_TOO_DEEP, DETAILS_TOO_MANY.
    """
    try:
        if not isinstance(raw, dict):
            raise _at("$", Unclean("ITEM_NOT_AN_OBJECT", shown(raw)))
        code = _read("code", lambda: _code(raw.get("code")))
        return ToldItem(
            code,
            _read("name", lambda: clean_scalar(raw.get("name"), longest=LONGEST_NAME)),
            _read("category", lambda: _category(raw.get("category"))),
            _read("price", lambda: _price(raw.get("price"))),
            _read("state", lambda: _state(raw.get("state"))),
            _details(raw),
        )
    except _Refused as refused:
        return refused.why


def _at(field: str, unclean: Unclean) -> _Refused:
    return _Refused(ItemRefused(field, unclean.code, unclean.found))


def _read(field: str, rule: Callable[[], T]) -> T:
    try:
        return rule()
    except Unclean as unclean:
        raise _at(field, unclean) from None


def _code(value: object) -> str:
    code = clean_scalar(value, longest=LONGEST_CODE)
    if code is None:
        raise Unclean("ITEM_CODE_MISSING", shown(value))
    return code


def _says_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in _NOTHING)


def _category(value: object) -> tuple[str, ...] | None:
    if isinstance(value, list):
        names = tuple(category_names(_part(part))[0] for part in value)
        return category_names(" / ".join(names)) if names else None
    text = clean_scalar(value, longest=500)
    return None if text is None or _says_nothing(text) else category_names(text)


def _part(part: object) -> str:
    text = clean_scalar(part, longest=LONGEST_NAME)
    if text is None:
        raise Unclean("CATEGORY_NAME_INVALID", shown(part))
    return text


def _price(value: object) -> int | None:
    if _says_nothing(value):
        return None
    fen = parse_fen(value)  # type: ignore[arg-type]  # refuses other types
    if fen < 0:
        raise Unclean("PRICE_NEGATIVE", shown(value))
    return fen


def _state(value: object) -> ItemState | None:
    text = clean_scalar(value, longest=LONGEST_NAME)
    if text is None or _says_nothing(text):
        return None
    state = STATE_WORDS.get(text.casefold())
    if state is None:
        raise Unclean("ITEM_STATE_INVALID", shown(value))
    return state


def _details(raw: Mapping[str, object]) -> dict[str, str]:
    others = [name for name in raw if name not in FIELDS]
    if len(others) > MOST_DETAILS:
        raise _at("$", Unclean("DETAILS_TOO_MANY", str(len(others))))
    details = {}
    for name in others:
        value = raw[name]
        if isinstance(value, list | dict):  # of no plugin's making: an object is nobody's text
            continue
        text = _read(name, lambda value=value: clean_scalar(value, longest=LONGEST_DETAIL))  # type: ignore[misc]
        if text is not None:
            details[name] = text
    return details

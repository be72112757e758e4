"""Pure rules of the catalogue: paths in the tree, names of categories, states of items."""

import re
from collections.abc import Mapping
from enum import Enum
from string import ascii_lowercase, ascii_uppercase
from typing import Final
from unicodedata import normalize
from uuid import UUID

from shuke_core.kit.cleaning import Unclean, clean_text, shown

DEEPEST: Final = 6
MOST_CATEGORIES: Final = 5_000
MOST_BESIDE: Final = 500  # right below one: as many as the API lists
MOST_PLACE: Final = 1_000_000  # among siblings; the first is 0
LONGEST_NAME: Final = 60
SEPARATORS: Final = "/ > \\ |"
_SEPARATOR = re.compile(r"\s*[/>\\|]\s*")
_DIGITS: Final = 32  # of an id in a path
# In the order of bytes it stands behind every hex digit: what begins with a path is from that path
# on and before the path with it. Two comparisons that row security lets an index serve.
BEHIND: Final = "g"


class ItemState(Enum):
    """Whether an item can be bought. What has been on offer is never a draft again, and what is retired
    stays so."""

    DRAFT = "draft"
    ON_SALE = "on_sale"
    OFF_SALE = "off_sale"
    RETIRED = "retired"


STATE_WORDS: Mapping[str, ItemState] = {
    **{state.value: state for state in ItemState},
    "on sale": ItemState.ON_SALE,
    "off sale": ItemState.OFF_SALE,
    "草稿": ItemState.DRAFT,
    "未上架": ItemState.DRAFT,
    "待上架": ItemState.DRAFT,
    "上架": ItemState.ON_SALE,
    "已上架": ItemState.ON_SALE,
    "在售": ItemState.ON_SALE,
    "下架": ItemState.OFF_SALE,
    "已下架": ItemState.OFF_SALE,
    "停售": ItemState.OFF_SALE,
    "停用": ItemState.RETIRED,
    "淘汰": ItemState.RETIRED,
    "作废": ItemState.RETIRED,
}


def may_become(before: ItemState, after: ItemState) -> bool:
    """Whether an item may go from one state to the other."""
    return after is before or (before is not ItemState.RETIRED and after is not ItemState.DRAFT)


def path_of(parent_path: str, category_id: UUID) -> str:
    """The path of a category below that one; of a root below ""."""
    return parent_path + category_id.hex


def depth_of(path: str) -> int:
    """How many categories a path names; 0 for ""."""
    return len(path) // _DIGITS


def is_within(path: str, above: str) -> bool:
    """Whether the path is that one or below it."""
    return path.startswith(above)


def category_name(text: str) -> str:
    """A name as it is kept. Raises `Unclean`: CATEGORY_NAME_INVALID, and the codes of text."""
    name = clean_text(text, longest=LONGEST_NAME)
    if name is None or _SEPARATOR.search(name):
        raise Unclean("CATEGORY_NAME_INVALID", shown(text))
    return name


_ASCII_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
LONGEST_KEY: Final = 100
_LAST: Final = "\U0010ffff"  # sorts behind every character, byte by byte


def beginning_with(text: str) -> tuple[str, str] | None:
    """From where, and before what, keys of names and codes stand that begin with the text, in whatever
    case; None if it says nothing. Keys are as `item.name_key` and `item.code_key` are made."""
    # Not by `clean_text`, to which 无 says nothing: here it is how a name begins.
    clean = " ".join(normalize("NFKC", text[: 4 * LONGEST_KEY]).split())[:LONGEST_KEY]
    key = clean.translate(_ASCII_LOWER).replace("\0", "")
    return (key, key + _LAST) if key else None


def category_names(text: str) -> tuple[str, ...]:
    """`饮品 / 茶 > 绿茶` as the names of a way through the tree, the root first.

    Raises `Unclean`: CATEGORY_NAME_INVALID where a name is empty, CATEGORY_TOO_DEEP, and the codes of
    text.
    """
    names = tuple(category_name(part) for part in _SEPARATOR.split(text.strip()))
    if len(names) > DEEPEST:
        raise Unclean("CATEGORY_PATH_TOO_DEEP", shown(text))
    return names

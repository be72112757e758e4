"""Text as tills, spreadsheets and clipboards leave it, turned into text that can be compared.

One rule above all: what cannot be read with certainty is refused with a stable code. A guess would
put a stranger's purchase on somebody's card, and nobody would notice.
"""

import html
import math
import re
import unicodedata
from decimal import Decimal
from typing import Final

LONGEST_FOUND: Final = 80
_MOST_PASSES: Final = 8

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
# A zero-width joiner between two emoji makes one picture of them; anywhere else it only hides.
_STRAY_JOINER = re.compile(f"(?<![{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b\u200c\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0100-\U000e01ef]"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
_QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_HAN_ONLY = re.compile(r"[\u4e00-\u9fff]+")
_LATIN1_UPPER_ONLY = re.compile(r"[\u00a1-\u00ff]{4,}")
# Nothing the passes below would touch: the usual ticket number, item code and amount.
_ALREADY_CLEAN = re.compile(r"[0-9A-Za-z](?:[ ]?[0-9A-Za-z.:_+-])*")

_NULL_WORDS: Final = frozenset(
    [
        *("null", "(null)", "[null]", "none", "nil", "nan", "n/a", "\\n", "undefined"),
        *("#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!", "#####"),
    ]
)


class Unclean(Exception):
    """A value that cannot be read with certainty.

    `code` is stable UPPER_SNAKE for programs; `found` is what stood there, cut to a length that can
    be shown and stored (see `shown`).
    """

    def __init__(self, code: str, found: str) -> None:
        super().__init__(code, found)
        self.code = code
        self.found = found


def shown(value: object) -> str:
    """`value` as a short printable text for an error: 80 characters, no control, no surrogate."""
    if isinstance(value, str):
        text = value[: LONGEST_FOUND + 1]
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, int):
        # Python refuses to print integers of more than 4300 digits.
        text = str(value) if abs(value) < 10**LONGEST_FOUND else "a very long number"
    elif isinstance(value, float | Decimal):
        text = str(value)
    else:
        return "an object" if isinstance(value, dict) else "a list"
    text = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if len(text) <= LONGEST_FOUND else text[: LONGEST_FOUND - 1] + "…"


def clean_text(text: str, *, longest: int = 200) -> str | None:
    """`text` in one comparable form, or None where it says "nothing".

    Width and compatibility forms become one (NFKC); entities are decoded; invisible marks, control
    characters and spreadsheet guards go; runs of blanks become one space. Applying it twice changes
    nothing. Raises `Unclean`: TEXT_TOO_LONG, TEXT_SURROGATE, TEXT_MOJIBAKE, TEXT_NESTED (encoded
    over and over).
    """
    if len(text) <= longest and _ALREADY_CLEAN.fullmatch(text):
        return None if is_null_word(text) else text
    # Bounded before any work: normalising a long run of combining marks takes quadratic time.
    if len(text) > 4 * longest + 64:
        raise Unclean("TEXT_TOO_LONG", shown(text))
    cleaned, before = text, None
    for _ in range(_MOST_PASSES):
        cleaned, before = _clean_once(cleaned), cleaned
        if cleaned == before:
            break
    else:
        raise Unclean("TEXT_NESTED", shown(text))
    if len(cleaned) > longest:
        raise Unclean("TEXT_TOO_LONG", shown(text))
    return None if not cleaned or is_null_word(cleaned) else cleaned


def clean_scalar(value: object, *, longest: int = 200) -> str | None:
    """The clean text of a JSON scalar: numbers as tills mean them (`123.0` is the code `123`).

    Raises what `clean_text` raises, and TEXT_EXPECTED for true, false, lists and objects.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return clean_text(value, longest=longest)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unclean("TEXT_EXPECTED", shown(value))
    if isinstance(value, int):
        too_large: int = 10**longest
        if not -too_large < value < too_large:
            raise Unclean("TEXT_TOO_LONG", shown(value))
        return str(value)
    if not math.isfinite(value):
        raise Unclean("TEXT_EXPECTED", shown(value))
    # From 10**15 on a float no longer holds every integer: its digits may not be the sent ones.
    if -(10**15) < value < 10**15 and value == int(value):
        return str(int(value))
    return clean_text(str(value), longest=longest)


def is_null_word(text: str) -> bool:
    """Does `text` only say, in some program's words, that there is nothing (`NULL`, `#REF!`)?"""
    return text.casefold() in _NULL_WORDS


def strip_spreadsheet_guard(text: str) -> str:
    """`text` without what keeps a spreadsheet from reading it as a number or a formula."""
    if quoted := _QUOTED_FORMULA.fullmatch(text):
        return quoted[1].replace('""', '"')
    return text[1:] if text[:1] in {"'", "`"} else text


def is_mojibake(text: str) -> bool:
    """Was `text` decoded with the wrong character set somewhere on its way?

    `锟斤拷` and U+FFFD are lost for good. UTF-8 read as GBK (`浼氬憳`) and GBK read as Latin-1
    (`»áÔ±`) count only when the whole text turns into Han characters under the other reading.
    """
    if "\N{REPLACEMENT CHARACTER}" in text or "锟斤" in text or "斤拷" in text:
        return True
    if len(text) >= 3 and _HAN_ONLY.fullmatch(text):
        return _reads_as_han(text, written="gbk", meant="utf-8")
    if _LATIN1_UPPER_ONLY.fullmatch(text):
        return _reads_as_han(text, written="latin-1", meant="gb2312")
    return False


def _reads_as_han(text: str, *, written: str, meant: str) -> bool:
    try:
        return _HAN_ONLY.fullmatch(text.encode(written).decode(meant)) is not None
    except UnicodeError:
        return False


def _clean_once(text: str) -> str:
    if _SURROGATE.search(text):
        raise Unclean("TEXT_SURROGATE", shown(text))
    if is_mojibake(text):
        raise Unclean("TEXT_MOJIBAKE", shown(text))
    text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    text = unicodedata.normalize("NFKC", text)
    text = _STRAY_JOINER.sub("", _INVISIBLE.sub("", text))
    text = _SPACES.sub(" ", text)
    text = _CONTROL.sub("", text).strip()
    return strip_spreadsheet_guard(text)

"""Money: amounts as people and tills write them, to integer fen and back."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from shuke_core.kit.cleaning import Unclean, clean_text, shown

# int8 could hold more; ten billion yuan on one ticket is a slipped decimal point, not a sale.
FEN_LIMIT: Final = 10**12
_HUNDREDTH: Final = Decimal("0.01")

_MISSING: Final = frozenset({"-", "--", "---", "/", "\\", "无", "空", "暂无"})
_MINUS_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "–": "-", "—": "-", "。": "."})
_RATE = re.compile(r".*(?:%|‰|折)")
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[+-])?\s*(?:¥|rmb|cny)?\s*(?P<late_sign>[+-])?\s*"
    r"(?P<digits>[0-9.,]*[0-9][0-9.,]*)\s*(?P<ten_thousand>万)?\s*"
    r"(?:元整?|圆整?|块|rmb|cny)?\s*(?P<trailing_sign>-)?\s*(?P<close>\))?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_POINTS = re.compile(r"[0-9.,]+\s*(?:积?分|点)")


def parse_fen(text: str | int | float | Decimal | None) -> int:
    """An amount in yuan, however written, as integer fen; halves of a fen go away from zero.

    Negative forms: `-12`, `12.00-`, `(12.00)`. Raises `Unclean`: AMOUNT_MISSING, AMOUNT_IS_RATE
    (`85%`, `8.5折`), AMOUNT_AMBIGUOUS (`1.234,50`, `1,200分`), AMOUNT_TOO_LARGE, AMOUNT_INVALID.
    """
    if text is None:
        raise Unclean("AMOUNT_MISSING", shown(text))
    if isinstance(text, str):
        yuan = _parse_yuan(text)
    elif isinstance(text, bool) or not isinstance(text, int | float | Decimal):
        raise Unclean("AMOUNT_INVALID", shown(text))
    else:
        # The float's shortest form is what the sender wrote: 1.005 is 1.01, not 1.00.
        yuan = Decimal(repr(text)) if isinstance(text, float) else Decimal(text)
    if not yuan.is_finite():
        raise Unclean("AMOUNT_INVALID", shown(text))
    # Compared first, and without arithmetic: both fail on numbers beyond their precision.
    if -FEN_LIMIT < yuan < FEN_LIMIT:
        fen = int(yuan.quantize(_HUNDREDTH, rounding=ROUND_HALF_UP) * 100)
        if abs(fen) < FEN_LIMIT:
            return fen
    raise Unclean("AMOUNT_TOO_LARGE", shown(text))


def format_fen(fen: int) -> str:
    """Integer fen as yuan with two decimals and nothing else: `1250` is `12.50`."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02}"


def _parse_yuan(text: str) -> Decimal:
    cleaned = clean_text(text, longest=64)
    if cleaned is None or cleaned in _MISSING:
        raise Unclean("AMOUNT_MISSING", shown(text))
    cleaned = cleaned.translate(_MINUS_SIGNS)
    if cleaned in _MISSING:
        raise Unclean("AMOUNT_MISSING", shown(text))
    if _RATE.fullmatch(cleaned):
        raise Unclean("AMOUNT_IS_RATE", shown(text))
    if _POINTS.fullmatch(cleaned):
        # 分 is a fen of money in one column and a point in the next.
        raise Unclean("AMOUNT_AMBIGUOUS", shown(text))
    parts = _AMOUNT.fullmatch(cleaned)
    if parts is None:
        raise Unclean("AMOUNT_INVALID", shown(text))
    signs = [sign for sign in parts.group("sign", "late_sign", "trailing_sign") if sign]
    bracketed = parts["open"] is not None
    if bracketed != (parts["close"] is not None) or len(signs) + bracketed > 1:
        raise Unclean("AMOUNT_INVALID", shown(text))
    digits = parts["digits"]
    if not _PLAIN.fullmatch(digits) and not _GROUPED.fullmatch(digits):
        raise Unclean("AMOUNT_AMBIGUOUS", shown(text))
    yuan = Decimal(digits.replace(",", ""))
    if parts["ten_thousand"]:
        yuan *= 10_000
    return yuan.copy_negate() if bracketed or signs == ["-"] else yuan

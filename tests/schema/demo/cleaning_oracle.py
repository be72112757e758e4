"""Reads phones and amounts back from the demo's dirt, written apart from the product's cleaning."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation


def mainland_phone(text: str) -> str | None:
    """The eleven digits, or None when they can't be read back."""
    text = unicodedata.normalize("NFKC", re.sub("[\u200b\u202a-\u202e]", "", text)).strip()
    text = re.split(r"[/(]", text.removeprefix("(+86)"))[0]
    if re.fullmatch(r"\d\.\d{10}E\+10", text):
        text = text[0] + text[2:12]
    text = re.sub(r"^(\d{11})\.0$", r"\1", text)
    digits = re.sub(r"[ .+-]", "", text)
    digits = re.sub(r"^(00|0)", "", digits)
    if len(digits) == 13:
        digits = digits.removeprefix("86")
    return digits if re.fullmatch(r"1[3-9]\d{9}", digits) else None


def fen(text: str) -> int | None:
    """The amount in fen, or None when it can't be read."""
    text = unicodedata.normalize("NFKC", text).replace("。", ".")
    text = re.sub(r"RMB|[￥¥元,\s]", "", text)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return int(amount * 100) if amount * 100 == int(amount * 100) else None

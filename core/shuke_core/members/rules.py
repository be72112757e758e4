"""Pure rules of members: the card number, kinds of identities, what a mask shows."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

CARD_DIGITS = 16
LONGEST_NAME = 60
_AFTER_ALL = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class IdentityKind:
    """How an outside system names people. `issuer` and `value` are what either must match as a
    whole; `by_hand`: staff enter it, rather than somebody who has verified it."""

    issuer: re.Pattern[str]
    value: re.Pattern[str]
    by_hand: bool = False


_NOBODY = re.compile("")
_APP = re.compile(r"wx[0-9a-z]{6,36}")
_WECHAT_ID = re.compile(r"[0-9A-Za-z_-]{6,64}")
_SYSTEM = re.compile(r"[0-9a-z][0-9a-z-]{0,39}")
_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_./:-]{0,63}")

# An identity is unique within its kind and issuer: there it names one person.
IDENTITY_KINDS: Mapping[str, IdentityKind] = {
    "phone": IdentityKind(_NOBODY, re.compile(r"\+[1-9][0-9]{6,14}")),  # E.164
    "openid": IdentityKind(_APP, _WECHAT_ID),  # the issuer is the mini-program
    "unionid": IdentityKind(_NOBODY, _WECHAT_ID),
    "card": IdentityKind(_SYSTEM, _NUMBER, by_hand=True),  # the issuer is the till
    "erp": IdentityKind(_SYSTEM, _NUMBER, by_hand=True),
    "shop": IdentityKind(_SYSTEM, _NUMBER, by_hand=True),
}


class Gender(Enum):
    """What a member says that they are."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


def luhn_digit(digits: str) -> str:
    """The check digit after ISO/IEC 7812-1 for a row of decimal digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def new_card_no() -> str:
    """A fresh card number: 15 random digits, the first not zero, and a check digit."""
    digits = str(secrets.randbelow(9) + 1) + "".join(
        str(secrets.randbelow(10)) for _ in range(CARD_DIGITS - 2)
    )
    return digits + luhn_digit(digits)


def is_card_no(text: str) -> bool:
    """Whether the text has the form of a card number with the right check digit."""
    return (
        len(text) == CARD_DIGITS
        and text.isascii()
        and text.isdigit()
        and luhn_digit(text[:-1]) == text[-1]
    )


def prefix_range(prefix: str) -> tuple[str, str]:
    """The bounds between which, in the order of code points, all that begins so lies.

    Row security lets no index serve LIKE, but a range it does.
    """
    return prefix, prefix + _AFTER_ALL


def masked_name(name: str | None) -> str | None:
    """What of a name is shown to who may not see it: its first character (`王**`)."""
    return None if name is None else f"{name[:1]}**"

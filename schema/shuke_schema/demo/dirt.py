"""How a till really writes: one ticket in ten nasty but readable, one in a hundred beyond cleaning.

Nasty writing never changes who bought or for how much: a server that cleans well restores exactly
the history. What is beyond cleaning has lost something that nobody can guess back, so a server
that is honest sets it aside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

BEYOND_SHARE = 0.01
NASTY_SHARE = 0.10
UNKNOWN_STORE = "S9"


class Writing(StrEnum):
    """How readable a written ticket is."""

    CLEAN = "clean"
    NASTY = "nasty"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Written:
    """A ticket's phone, total and store as the till wrote them."""

    phone: str
    total: str
    store: str
    writing: Writing


def write(phone: str, fen: int, store: str, dice: Random) -> Written:
    """Write one ticket down, cleanly or not, as the dice fall."""
    roll = dice.random()
    if roll < BEYOND_SHARE:
        return dice.choice(_LOSSES)(phone, fen, store, dice)
    if roll < BEYOND_SHARE + NASTY_SHARE:
        spot = dice.choice(("phone", "total", "both"))
        return Written(
            phone=phone if spot == "total" else dice.choice(NASTY_PHONES)(phone),
            total=yuan(fen) if spot == "phone" else dice.choice(NASTY_AMOUNTS)(fen),
            store=store,
            writing=Writing.NASTY,
        )
    return Written(phone, yuan(fen), store, Writing.CLEAN)


def yuan(fen: int) -> str:
    """An amount as a till should write it: `1234.50`."""
    return f"{fen // 100}.{fen % 100:02d}"


def _grouped(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


def _short(fen: int) -> str:
    return yuan(fen).rstrip("0").rstrip(".")


_WIDE = {ord(narrow): ord(narrow) + 0xFEE0 for narrow in "0123456789+."} | {ord(" "): 0x3000}


def _wide(text: str) -> str:
    return text.translate(_WIDE)


def _in_parts(phone: str, separator: str) -> str:
    return separator.join((phone[:3], phone[3:7], phone[7:]))


# Every form of the hand-over files that still holds all eleven digits.
NASTY_PHONES: tuple[Callable[[str], str], ...] = (
    lambda phone: _in_parts(phone, " "),
    lambda phone: _in_parts(phone, "-"),
    lambda phone: _in_parts(phone, "."),
    lambda phone: f"+86 {_in_parts(phone, '-')}",
    lambda phone: f"86{phone}",
    lambda phone: f"0086{phone}",
    lambda phone: f"(+86){phone}",
    lambda phone: f"86-{phone}",
    lambda phone: _wide(f"+86 {phone}"),
    _wide,
    lambda phone: f"{phone}.0",
    lambda phone: f"{phone[0]}.{phone[1:]}E+10",
    lambda phone: f"0{phone}",
    lambda phone: f"\u200b{phone}\t",
    lambda phone: f"\u202d{_in_parts(phone, chr(0xA0))}\u202c",
    lambda phone: f"{phone}(张)",
    lambda phone: f"{phone}/19900001111",
)

NASTY_AMOUNTS: tuple[Callable[[int], str], ...] = (
    lambda fen: f"￥{_grouped(fen)}",
    lambda fen: f"￥{_grouped(fen).replace(',', '，')}",
    lambda fen: f"¥ {yuan(fen)}",
    lambda fen: f"{_short(fen)}元",
    lambda fen: f"RMB{yuan(fen)}",
    lambda fen: _wide(yuan(fen)),
    lambda fen: yuan(fen).replace(".", "。"),
    lambda fen: f" {_grouped(fen)}\t",
)


def _masked_phone(phone: str, fen: int, store: str, dice: Random) -> Written:
    hidden = dice.choice((f"{phone[:3]}****{phone[7:]}", f"{phone[:7]}****"))
    return Written(hidden, yuan(fen), store, Writing.BEYOND)


def _landline(phone: str, fen: int, store: str, dice: Random) -> Written:
    line = dice.choice(
        (f"010-6{phone[4:]}", f"(021)6{phone[4:7]} {phone[7:]}转801", "400-800-8820")
    )
    return Written(line, yuan(fen), store, Writing.BEYOND)


def _lost_digits(phone: str, fen: int, store: str, dice: Random) -> Written:
    return Written(f"{phone[0]}.{phone[1:3]}E+10", yuan(fen), store, Writing.BEYOND)


def _unknown_store(phone: str, fen: int, store: str, dice: Random) -> Written:
    return Written(phone, yuan(fen), UNKNOWN_STORE, Writing.BEYOND)


def _unreadable_amount(phone: str, fen: int, store: str, dice: Random) -> Written:
    return Written(phone, dice.choice(("--", "#REF!", "无", "面议")), store, Writing.BEYOND)


_LOSSES = (_masked_phone, _landline, _lost_digits, _unknown_store, _unreadable_amount)

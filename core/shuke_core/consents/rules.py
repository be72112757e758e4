"""Pure rules of consent: who is under fourteen, what somebody's last word means, evidence cut short."""

import re
from datetime import date
from enum import Enum
from ipaddress import ip_address, ip_network

AGE = 14  # PIPL article 31: below it a guardian consents
LONGEST_TEXT = 20_000
LONGEST_GUARDIAN = 60
LONGEST_AGENT = 120
_SCENE = re.compile(r"[A-Za-z0-9_.:/-]{0,60}")


class Purpose(Enum):
    """What a text asks consent for."""

    PRIVACY = "privacy"  # the service itself: nobody is a member without it
    MARKETING = "marketing"  # being written to about offers


class Standing(Enum):
    """How somebody stands to the newest text of a purpose."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    ASKED = "asked"  # never answered, to a former version only, or a guardian has to
    BARRED = "barred"  # under fourteen: nobody can consent to it


def youngest_birthday(today: date) -> date:
    """Who was born on this day or later is under fourteen today.

    Years are full from the day after the birthday on: the Supreme People's Court counts so (Fa Shi
    [2006] 1, article 2), and of two readings it protects the child a day longer.
    """
    try:
        return today.replace(year=today.year - AGE)
    except ValueError:  # 29 February, of a year that has none: who was born the day before is 14
        return date(today.year - AGE, 3, 1)


def is_under_age(birthday: date | None, today: date) -> bool:
    """Whether somebody is under fourteen. Of whom no birthday is known is taken for older."""
    return birthday is not None and birthday >= youngest_birthday(today)


def standing(
    purpose: Purpose, said: str | None, *, to_newest: bool, by: str | None, under_age: bool
) -> Standing:
    """What somebody's last word of a purpose (`said`, None for none) means today."""
    if under_age and purpose is Purpose.MARKETING:
        return Standing.BARRED
    if said == "withdrawn":
        return Standing.WITHDRAWN
    if said is None or not to_newest or (under_age and by != "guardian"):
        return Standing.ASKED
    return Standing.GIVEN


def is_scene(text: str) -> bool:
    """Whether that can name a place in an app: a word of a program, nothing that somebody typed."""
    return _SCENE.fullmatch(text) is not None


def network_of(address: str) -> str | None:
    """The network of an address: enough for evidence, too little to find a household by."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    length = 24 if found.version == 4 else 48
    return str(ip_network(f"{found}/{length}", strict=False).network_address)

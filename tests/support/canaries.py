"""Phones that are planted to be looked for: in which forms people write them, and where one turned up."""

import re
import unicodedata
from dataclasses import dataclass

import asyncpg

# Nothing else that is printed or stored has these digits.
NUMBERS = ("13956270481", "15864913702", "18872635094")
# What is no phone, and must not be repeated all the same: most of one is in it.
BAD = ("1395627048", "13956270481转8812", "139562704819", "1395627048l")

_FULL_WIDTH = {ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789+"}
_BETWEEN = r"[^0-9A-Za-z]{0,3}"


def written_forms(number: str) -> tuple[str, ...]:
    """The ways in which tills, staff and members write it."""
    return (
        number,
        f"+86{number}",
        f"+86 {number}",
        f"0086{number}",
        f"{number[:3]} {number[3:7]} {number[7:]}",
        f"{number[:3]}-{number[3:7]}-{number[7:]}",
        f"(+86) {number[:3]} {number[3:7]} {number[7:]}",
        number.translate(_FULL_WIDTH),
        f"+86{number}".translate(_FULL_WIDTH),
    )


# The first ten digits: so a bad number, cut short or too long, is found as well.
_CANARY = re.compile("|".join(_BETWEEN.join(number[:10]) for number in NUMBERS))
_IN_BYTES = tuple(number[:10].encode().hex() for number in NUMBERS)


def _decoded(escaped: re.Match[str]) -> str:
    """Bytes as Python's repr and URLs write them."""
    return bytes.fromhex(re.sub(r"\\x|%", "", escaped[0])).decode(errors="replace")


def has_canary(text: str) -> bool:
    """Whether a planted phone is in the text: in any form, escaped as JSON, URL or bytes too."""
    read = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text)
    for sign in (r"\\x", "%"):
        read = re.sub(f"(?:{sign}[0-9a-fA-F]{{2}})+", _decoded, read)
    read = unicodedata.normalize("NFKC", read)
    return _CANARY.search(read) is not None or any(each in text for each in _IN_BYTES)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where one turned up, and around what."""

    place: str
    text: str


def sightings(place: str, text: str) -> list[Sighting]:
    """The lines of the text that have one."""
    return [Sighting(place, line[:400]) for line in text.splitlines() if has_canary(line)]


async def kept_in_the_clear(superuser: asyncpg.Connection) -> list[Sighting]:
    """Every row of every table as text: a cipher hides a phone there, nothing else may have one."""
    tables = await superuser.fetch(
        "SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n "
        "ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND n.nspname = 'public' ORDER BY 1"
    )
    found: list[Sighting] = []
    for table in tables:
        rows = await superuser.fetch(f'SELECT t::text AS line FROM "{table["name"]}" t')
        found += [
            sighting for row in rows for sighting in sightings(table["name"], row["line"] or "")
        ]
    return found

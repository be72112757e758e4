"""Regions of China by their division code (GB/T 2260): province, prefecture, county."""

from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("regions.tsv")


@cache
def _names() -> dict[str, str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines if not line.startswith("#"))


def is_region(code: str) -> bool:
    """Whether there is a division of that code, of whichever level."""
    return code in _names()


def region_name(code: str) -> str | None:
    """The name with those above it, such as 广东省 深圳市 南山区; None for a code that there is not.

    Of a municipality, whose prefecture has its own name again, it is said once.
    """
    names, parts = _names(), list[str]()
    if code not in names:
        return None
    for level in (f"{code[:2]}0000", f"{code[:4]}00", code):
        if (name := names.get(level)) is not None and name not in parts:
            parts.append(name)
    return " ".join(parts)

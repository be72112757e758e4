"""Counts that tell nothing of single people: whoever may not see contacts is told no small ones."""

from shuke_core.access.rights import FieldClass, Rights

FEWEST = 10
SMALL = f"< {FEWEST}"


def told_count(count: int, rights: Rights) -> int | None:
    """The count, or None where it is too small to be told; nought is as small as one."""
    return count if count >= FEWEST or FieldClass.CONTACT in rights.classes else None

"""Free text, sealed under the key of the member it is about: erasing them makes it unreadable.

What is about nobody is sealed under the tenant's key. A sealed text opens only in its own row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.crypto import CannotOpen, Place, seal
from shuke_core.kit.transactions import current_tenant
from shuke_core.members.errors import MemberUnknown
from shuke_core.tenants.keyring import member_keys, tenant_keys


@dataclass(frozen=True, slots=True)
class SealedText:
    """A text as it lies in a row, and where that is."""

    table: str
    row_id: UUID
    column: str
    member_id: UUID | None
    sealed: bytes


def clean_lines(text: str, *, longest: int) -> str | None:
    """The text line by line as `clean_text` has it, so that paragraphs stay; None for nothing.

    Raises Unclean; also where it is longer than `longest` characters.
    """
    if len(text) > 4 * longest + 64:
        raise Unclean("TEXT_TOO_LONG", "")
    lines = (clean_text(line, longest=longest) or "" for line in text.splitlines())
    clean = "\n".join(lines).strip()
    if len(clean) > longest:
        raise Unclean("TEXT_TOO_LONG", "")
    return clean or None


async def seal_text(
    text: str, table: str, row_id: UUID, column: str, member_id: UUID | None
) -> bytes:
    """Seals the text for that row; raises MemberUnknown for a member who has no key (any more)."""
    key = (await tenant_keys()).sealing
    if member_id is not None:
        found = (await member_keys({member_id})).get(member_id)
        if found is None:
            raise MemberUnknown()
        key = found.own
    return seal(key, text.encode(), Place(current_tenant(), table, row_id, column))


async def open_texts(texts: Sequence[SealedText]) -> list[str | None]:
    """What they say, in their order; None where the member has been erased. Raises CannotOpen."""
    opened: list[str | None] = []
    for each in await open_each(texts):
        if isinstance(each, CannotOpen):
            raise each
        opened.append(each)
    return opened


async def open_each(texts: Sequence[SealedText]) -> list[str | CannotOpen | None]:
    """The same, with the fault in the place of a text that does not open: it is no other's."""
    tenant, own = (
        (await tenant_keys()).for_texts,
        await member_keys({text.member_id for text in texts if text.member_id is not None}),
    )
    opened: list[str | CannotOpen | None] = []
    for text in texts:
        key = tenant if text.member_id is None else own.get(text.member_id)
        place = Place(current_tenant(), text.table, text.row_id, text.column)
        try:
            opened.append(key.open(text.sealed, place).decode() if key else None)
        except CannotOpen as fault:
            opened.append(fault)
    return opened

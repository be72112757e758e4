"""Sealed texts, opened for whoever may see them: those of one answer together."""

from uuid import UUID

from strawberry.dataloader import DataLoader

from shuke_core.kit.transactions import current_unit
from shuke_core.members.texts import SealedText, open_each

_NOTE = "sealed texts"


async def opened(
    table: str, row_id: str, column: str, member_id: str | None, sealed: str | None
) -> str | None:
    """What a sealed text says, from the columns as JSON has them; None for none, and where the
    member has been erased. However many an answer holds, their keys are read in one statement; one that
    does not open fails alone."""
    if sealed is None:
        return None
    notes = current_unit().notes
    loader: DataLoader[SealedText, str | None] | None = notes.get(_NOTE)
    if loader is None:
        loader = notes[_NOTE] = DataLoader(load_fn=open_each)
    about = UUID(member_id) if member_id else None
    text = SealedText(table, UUID(row_id), column, about, bytes.fromhex(sealed.removeprefix("\\x")))
    return await loader.load(text)

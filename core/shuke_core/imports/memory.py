"""What a file has named and left as it was, so that nothing need be written to know it.

A mark of eight bytes a name, a row a batch, until the night after the import has ended.
"""

from array import array
from collections.abc import Collection
from hashlib import sha256
from typing import Final
from uuid import UUID

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch

_BATCHES: Final = 200  # that are looked through at once: so many marks are in memory


def _mark(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)


async def remember(import_id: UUID, names: Collection[str]) -> None:
    """Notes that the import's file has named these."""
    if names:
        await fetch(
            "INSERT INTO import_memory (tenant_id, id, file_import_id, marks) "
            "VALUES ($1, $2, $3, $4)",
            *(new_id(), import_id, array("q", sorted(map(_mark, names))).tobytes()),
        )


async def remembered(import_id: UUID, names: Collection[str]) -> set[str]:
    """Those of the names that the import's file has named already. Reads eight bytes for each name that
    is remembered, so ask only where there is a doubt."""
    wanted, after = {_mark(name): name for name in names}, UUID(int=0)
    found: set[str] = set()
    while wanted:
        rows = await fetch(
            "SELECT id, marks FROM import_memory WHERE tenant_id = $1 AND file_import_id = $2 "
            f"AND id > $3 ORDER BY id LIMIT {_BATCHES}",
            *(import_id, after),
        )
        for row in rows:
            marks = array("q")
            marks.frombytes(row["marks"])
            found.update(wanted[mark] for mark in wanted.keys() & marks)
        if len(rows) < _BATCHES:
            break
        after = rows[-1]["id"]
    return found


async def forget_memory() -> bool:
    """Lets go of what ended imports have named, a thousand batches a step."""
    rows = await fetch(
        "DELETE FROM import_memory WHERE tenant_id = $1 AND id IN (SELECT m.id FROM import_memory m "
        "JOIN file_import i ON i.tenant_id = m.tenant_id AND i.id = m.file_import_id "
        "WHERE m.tenant_id = $1 AND i.state <> 'waiting' LIMIT 1000) RETURNING id"
    )
    return bool(rows)

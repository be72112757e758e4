"""How the worker takes files in: a batch of rows a unit, so that nothing has the whole file in memory.

Where a batch ended is kept in the same commit as its rows: whoever dies leaves the rest to the next
worker, and no row is taken in twice. The asker's rights are looked at anew for each batch.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

import orjson

from shuke_core.audit.actors import Actor, act_as
from shuke_core.audit.services import record
from shuke_core.files.errors import FileUnknown
from shuke_core.files.services import delete_file, file_card, read_chunk
from shuke_core.imports.errors import ImportFileInvalid, ImportKindUnknown, ImportNotPermitted
from shuke_core.imports.grouping import MOST_TOGETHER, ReadRow, runs, safe_end, take_rows
from shuke_core.imports.kinds import Asked, Cells, ImportKind, RowRefused, Taken, kind_of
from shuke_core.imports.rules import (
    TELLING,
    FileUnreadable,
    Layout,
    RawRow,
    layout_of,
    raw_rows,
    read_row,
    rough_cell,
    rough_cells,
)
from shuke_core.imports.services import TOPIC, keep_refused, tell
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import Row, fetch, fetch_one, in_unit_of_work, unit_of_work
from shuke_core.staff.standing import standing_of
from shuke_core.worker.drains import Drain, due_tenants
from shuke_core.worker.leases import Lease, Leased, leasing

ROWS = 500
MOST_BATCH_BYTES = 4 << 20
ATTEMPTS = 5
PAUSE_SECONDS = 5.0
KEPT = timedelta(days=30)
INTERNAL = "INTERNAL"  # why an import failed that nobody can mend but us: the log says more
LEASED = Leased("file_import", waiting="waiting")
_FINAL = (ImportFileInvalid, ImportKindUnknown, ImportNotPermitted, FileUnknown)
_ASKED = (
    "q.id, q.staff_id, q.kind, q.file_id, q.encoding, q.delimiter, q.columns::text AS columns, "
    "q.chunk, q.place, q.rows, q.requested_at, q.options::text AS options"
)

log = logging.getLogger("shuke.imports")


@dataclass(slots=True)
class _Window:
    """What of the file is in memory: `lengths` of the pieces from `chunk` on that are in `data`."""

    file_id: UUID
    chunks: int
    chunk: int
    data: bytes = b""
    lengths: list[int] = field(default_factory=list)

    @property
    def is_all(self) -> bool:
        return self.chunk + len(self.lengths) >= self.chunks

    async def widen(self) -> None:
        """One piece more, if there is one."""
        if not self.is_all:
            piece = await read_chunk(self.file_id, self.chunk + len(self.lengths))
            self.data += piece
            self.lengths.append(len(piece))

    def place_of(self, end: int) -> tuple[int, int]:
        """The piece in which that byte stands, and where in it."""
        chunk = self.chunk
        for length in self.lengths:
            if end < length:
                break
            chunk, end = chunk + 1, end - length
        return chunk, end


async def _due() -> list[UUID]:
    return await due_tenants("file_import", "q.state = 'waiting' AND q.due_at <= now()")


async def work_on_imports(tenant_id: UUID) -> bool:
    """Takes one batch of the import in that waits longest; says whether there was one."""
    async with leasing(LEASED, tenant_id) as lease:
        async with unit_of_work(tenant_id):
            claimed = await lease.claim(
                "SELECT id FROM file_import WHERE tenant_id = $1 AND state = 'waiting' "
                "AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
                returning=_ASKED,
            )
        for row in claimed:
            try:
                await in_unit_of_work(tenant_id, partial(_take, lease, row))
            except PASSING:
                raise
            except Exception as failure:
                if not isinstance(failure, _FINAL):
                    log.exception("a batch of an import failed", extra={"import": str(row["id"])})
                async with unit_of_work(tenant_id):
                    await _fail(lease, row, failure)
    return bool(claimed)


async def _take(lease: Lease, row: Row) -> None:
    """Takes one batch in, as its asker may now, and ends the import with the last one."""
    if not await lease.holds([row["id"]]):
        return
    kind, asker = kind_of(row["kind"]), await standing_of(row["staff_id"])
    if asker is None or kind.permission.key not in asker.rights.permissions:
        raise ImportNotPermitted(kind=kind.key, needed=kind.permission.key)
    act_as(Actor("staff", asker.id, asker.name))
    card = await file_card(row["file_id"])
    window, start = _Window(card.id, card.chunks, row["chunk"]), row["place"]
    await window.widen()
    if row["columns"] is None:
        while len(window.data) < TELLING and not window.is_all:
            await window.widen()
        try:
            layout, start = layout_of(window.data, kind, is_all=window.is_all)
        except FileUnreadable as unreadable:
            raise ImportFileInvalid(why=unreadable.why) from None
        await fetch(
            "UPDATE file_import SET encoding = $3, delimiter = $4, columns = $5::text::jsonb, "
            "started_at = $6 WHERE tenant_id = $1 AND id = $2",
            *(row["id"], layout.encoding, layout.delimiter),
            *(orjson.dumps(layout.columns).decode(), clock.now()),
        )
    else:
        columns = tuple(orjson.loads(row["columns"]))
        layout = Layout(row["encoding"], row["delimiter"], columns)
    batch, is_over = await _batch(window, start, layout, kind)
    await _take_rows(row, kind, batch)
    end = batch[-1].raw.end if batch else start
    chunk, place = window.place_of(end)
    await fetch(
        "UPDATE file_import SET chunk = $3, place = $4, bytes_read = bytes_read + $5 "
        "WHERE tenant_id = $1 AND id = $2",
        *(row["id"], chunk, place, end - row["place"]),
    )
    if batch:
        await tell(row["id"], "progressed")
    if is_over:
        await _finish(row["id"], row["file_id"])


@dataclass(frozen=True, slots=True)
class _Read:
    """A row, what it says (None: it is blank), and by what it belongs to others."""

    raw: RawRow
    said: Cells | RowRefused | None
    key: str | None


async def _batch(
    window: _Window, start: int, layout: Layout, kind: ImportKind
) -> tuple[list[_Read], bool]:
    """The next rows of the file, and whether they are its last. What belongs together is not parted."""
    batch: list[_Read] = []
    wide = 0
    while True:
        at = batch[-1].raw.end if batch else start
        for raw in raw_rows(window.data, at, layout.delimiter, is_all=window.is_all):
            batch.append(_read(raw, layout, kind))
            wide += len(raw.data)
            if len(batch) >= ROWS or wide >= MOST_BATCH_BYTES:
                # Looked at now and then: what is together is seldom longer than a batch.
                if whole := safe_end([row.key for row in batch]):
                    return batch[:whole], False
                if len(batch) > ROWS + MOST_TOGETHER or wide >= 4 * MOST_BATCH_BYTES:
                    raise ImportFileInvalid(
                        why=f"more than {MOST_TOGETHER} rows in a row have the same {kind.together}"
                    )
        if window.is_all:
            return batch, True
        await window.widen()


def _read(raw: RawRow, layout: Layout, kind: ImportKind) -> _Read:
    together = kind.together
    said = read_row(raw, layout)
    if isinstance(said, RowRefused) and kind.plain is not None and said.code != "ROW_TOO_WIDE":
        said = RowRefused(
            said.field, said.code, ""
        )  # it is a piece of the row, whatever stands there
    if together is None or said is None:
        return _Read(raw, said, None)
    if isinstance(said, RowRefused):
        return _Read(raw, said, rough_cell(raw, layout, together))
    return _Read(raw, said, said.get(together, "").strip() or None)


async def _take_rows(row: Row, kind: ImportKind, batch: list[_Read]) -> None:
    first = row["rows"] + 2  # the headings are row 1
    begins = {
        place: first + start
        for start, end in runs([each.key for each in batch])
        for place in range(start, end)
    }
    rows = [
        (each, ReadRow(first + place, each.said, begins.get(place)))
        for place, each in enumerate(batch)
        if each.said is not None
    ]
    asked = Asked(row["id"], row["requested_at"], orjson.loads(row["options"] or "{}"))
    fates = await take_rows(kind, asked, [read for _, read in rows])
    await keep_refused(
        row["id"],
        [
            (read, rough_cells(each.raw) if isinstance(read.read, RowRefused) else read.read, fate)
            for (each, read), fate in zip(rows, fates, strict=True)
            if isinstance(fate, RowRefused)
        ],
    )
    taken = {each: sum(fate is each for fate in fates) for each in Taken}
    await fetch(
        "UPDATE file_import SET rows = rows + $3, entered = entered + $4, changed = changed + $5, "
        "same = same + $6, refused = refused + $7, attempt = 0, due_at = now(), lease = NULL "
        "WHERE tenant_id = $1 AND id = $2",
        *(row["id"], len(batch), taken[Taken.ENTERED], taken[Taken.CHANGED], taken[Taken.SAME]),
        sum(isinstance(fate, RowRefused) for fate in fates),
    )


async def _finish(import_id: UUID, file_id: UUID) -> None:
    """The file is let go of: what it said is in its rows, or in those that are refused."""
    rows = await fetch(
        "UPDATE file_import SET state = 'done', done_at = $3, reason = '', file_id = NULL, "
        "bytes_read = size WHERE tenant_id = $1 AND id = $2 "
        "RETURNING rows, entered, changed, same, refused",
        *(import_id, clock.now()),
    )
    await delete_file(file_id)
    changes = {key: (None, value) for key, value in rows[0].items()}
    await record("import.done", f"file_import:{import_id}", changes=changes)
    await tell(import_id, "done")


async def _fail(lease: Lease, row: Row, failure: Exception) -> None:
    """Another attempt later, which goes on where the last batch ended; or the end of it."""
    most = 1 if isinstance(failure, _FINAL) else ATTEMPTS
    await lease.fail([row["id"]], failure, most=most, pause=PAUSE_SECONDS)
    code = failure.code if isinstance(failure, ShukeError) else INTERNAL
    why = str(failure.facts.get("why", "")) if isinstance(failure, ShukeError) else ""
    dead = await fetch_one(
        "UPDATE file_import SET file_id = NULL, done_at = $3, reason = $4 "
        "WHERE tenant_id = $1 AND id = $2 AND state = 'dead' RETURNING id",
        *(row["id"], clock.now(), f"{code}: {why}"[:500] if why else code),
    )
    if dead is not None:
        await delete_file(row["file_id"])
        await record("import.failed", f"file_import:{row['id']}", changes={"reason": (None, code)})
        await tell(row["id"], "failed")


async def forget_refused_rows() -> bool:
    """Deletes what refused rows said after thirty days, a thousand a step."""
    rows = await fetch(
        "DELETE FROM refused_row WHERE tenant_id = $1 AND id IN (SELECT id FROM refused_row "
        "WHERE tenant_id = $1 AND refused_at < $2 LIMIT 1000) RETURNING id",
        clock.now() - KEPT,
    )
    return bool(rows)


IMPORT_DRAIN = Drain(TOPIC, _due, work_on_imports)

"""The verbs of imports: ask for one, try refused rows again, correct one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.files.lists import MOST_LIST_BYTES, take_list
from shuke_core.imports.errors import (
    ImportCellsInvalid,
    ImportFileInvalid,
    ImportNotPermitted,
    ImportOptionInvalid,
    ImportRowUnknown,
    ImportsTooMany,
    ImportUnknown,
)
from shuke_core.imports.events import ImportChanged
from shuke_core.imports.grouping import MOST_TOGETHER, ReadRow, take_rows
from shuke_core.imports.kinds import Asked, Cells, ImportKind, Options, RowRefused, Taken, kind_of
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, seal
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.masking import without_numbers
from shuke_core.kit.transactions import Row, current_tenant, fetch, fetch_one, fetch_value
from shuke_core.staff.standing import standing_of
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.worker.wake import wake_after_commit

TOPIC = "imports"
MOST_WAITING = 5
REDO_ROWS = 200


@dataclass(frozen=True, slots=True)
class Redone:
    """How many refused rows of an import went in, and how many still can't; the last one tried."""

    mended: int
    still_refused: int
    last: int | None = None


async def request_import(kind: str, file_id: UUID, options: Options | None = None) -> UUID:
    """Has a list taken in that the actor has sent, in the background; the import's id.

    The list is the import's from now on, which deletes it at its end. What `options` there are the kind
    says.

    Raises ImportKindUnknown, ImportNotPermitted, ImportOptionInvalid, FileUnknown, ImportFileInvalid for
    one that is empty or too large, ImportsTooMany.
    """
    wanted, actor = kind_of(kind), current_actor()
    await _check(wanted, actor.id)
    options = dict(options or {})
    if wanted.check is not None:
        await wanted.check(options)
    elif options:
        raise ImportOptionInvalid(option=min(options), why=f"imports of {kind} have none")
    await lock_until_commit("imports")
    card = await take_list(file_id, actor.id)
    if not 0 < card.size <= MOST_LIST_BYTES:
        raise ImportFileInvalid(why=f"it has {card.size} bytes, of 1 to {MOST_LIST_BYTES}")
    waiting = await fetch_value(
        "SELECT count(*) FROM file_import WHERE tenant_id = $1 AND state = 'waiting'"
    )
    if waiting >= MOST_WAITING:
        raise ImportsTooMany(most=MOST_WAITING)
    import_id = new_id()
    await fetch(
        "INSERT INTO file_import (tenant_id, id, staff_id, kind, file_id, file_name, size, state, "
        "attempt, due_at, reason, chunk, place, bytes_read, rows, entered, changed, same, refused, "
        "requested_at, options) VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, now(), '', 0, 0, "
        "0, 0, 0, 0, 0, 0, $8, $9::text::jsonb)",
        *(import_id, actor.id, kind, file_id, card.name, card.size, clock.now()),
        orjson.dumps(options).decode(),
    )
    await record(
        "import.requested",
        f"file_import:{import_id}",
        changes={
            "kind": (None, kind),
            "file": (None, card.name),
            "bytes": (None, card.size),
            **{name: (None, value) for name, value in options.items()},
        },
    )
    await tell(import_id, "requested")
    wake_after_commit(TOPIC)
    return import_id


async def tell(import_id: UUID, change: str) -> None:
    """Announces what has become of the import, with the counts of now."""
    row = await fetch_one(
        "SELECT kind, bytes_read, rows, refused FROM file_import WHERE tenant_id = $1 AND id = $2",
        import_id,
    )
    assert row is not None  # noqa: S101 (the caller has just written it)
    announce(
        ImportChanged(
            import_id, row["kind"], change, row["bytes_read"], row["rows"], row["refused"]
        )
    )


async def _check(kind: ImportKind, staff_id: UUID | None) -> None:
    standing = await standing_of(staff_id) if staff_id is not None else None
    if standing is None or kind.permission.key not in standing.rights.permissions:
        raise ImportNotPermitted(kind=kind.key, needed=kind.permission.key)


_OPEN = """
SELECT r.id, r.row_no, r.begins_at, r.sealed, r.field, r.code, r.found, i.id AS file_import_id,
       i.kind, i.requested_at, i.options::text AS options FROM refused_row r
  JOIN file_import i ON i.tenant_id = r.tenant_id AND i.id = r.file_import_id
 WHERE r.tenant_id = $1 AND r.state = 'open'
"""


async def redo_import(import_id: UUID, after: int = 0) -> Redone:
    """Tries up to 200 refused rows again, behind that row, once what was wrong outside is mended; more
    where an order goes on.

    Raises ImportUnknown, ImportNotPermitted.
    """
    found = await fetch_one(
        "SELECT kind FROM file_import WHERE tenant_id = $1 AND id = $2 FOR UPDATE", import_id
    )
    if found is None:
        raise ImportUnknown()
    await _check(kind_of(found["kind"]), current_actor().id)
    rows = await fetch(
        # Of an order that began before, no half is tried.
        f"{_OPEN} AND i.id = $2 AND coalesce(r.begins_at, r.row_no) > $3 ORDER BY r.row_no "
        f"LIMIT {REDO_ROWS} FOR UPDATE OF r",
        *(import_id, after),
    )
    if rows and rows[-1]["begins_at"] is not None:  # what is together is not parted
        rows += await fetch(
            f"{_OPEN} AND i.id = $2 AND r.begins_at = $3 AND r.row_no > $4 ORDER BY r.row_no "
            f"LIMIT {MOST_TOGETHER} FOR UPDATE OF r",
            *(import_id, rows[-1]["begins_at"], rows[-1]["row_no"]),
        )
    done, _ = await _try_again(rows, [await _kept(row) for row in rows])
    if rows:
        await record(
            "import.redone",
            f"file_import:{import_id}",
            changes={"tried": (None, len(rows)), "mended": (None, done.mended)},
        )
    return done


async def correct_row(row_id: UUID, cells: object) -> Redone:
    """Replaces cells of a refused row, by column, and tries it again, with the rows it belongs to.

    The original stays if the row fails; where another of its order does, the correction is kept.

    Raises ImportRowUnknown, ImportCellsInvalid, ImportNotPermitted.
    """
    if not isinstance(cells, dict) or not all(isinstance(each, str) for each in cells.values()):
        raise ImportCellsInvalid()
    rows = await fetch(
        f"{_OPEN} AND (r.id = $2 OR (r.file_import_id, r.begins_at) = (SELECT w.file_import_id, "
        "w.begins_at FROM refused_row w WHERE w.tenant_id = $1 AND w.id = $2 AND w.state = 'open')) "
        "ORDER BY r.row_no FOR UPDATE OF r",
        row_id,
    )
    wanted = next((row for row in rows if row["id"] == row_id), None)
    if wanted is None:
        raise ImportRowUnknown()
    kind = kind_of(wanted["kind"])
    await _check(kind, current_actor().id)
    of_rows = {row["id"]: await _kept(row) for row in rows}
    kept = {name: cell for name, cell in of_rows[row_id].items() if name != "$"}
    of_rows[row_id] = {**kept, **cells}
    done, fates = await _try_again(rows, [*of_rows.values()])
    fate = fates[row_id]
    if isinstance(fate, RowRefused) and fate.code == "REFUSED_WITH_ROW":
        sealed = seal((await tenant_keys()).sealing, orjson.dumps(of_rows[row_id]), _place(row_id))
        await fetch(
            "UPDATE refused_row SET sealed = $3 WHERE tenant_id = $1 AND id = $2", row_id, sealed
        )
    await record(
        "import.row_corrected",
        f"refused_row:{row_id}",
        changes={
            name[:120]: (_told(kind, name, kept.get(name)), _told(kind, name, cell))
            for name, cell in cells.items()
        },
    )
    return done


def _told(kind: ImportKind, column: str, cell: str | None) -> str | None:
    if cell is None:
        return None
    if kind.plain is not None and column not in kind.plain:
        return "***"
    return without_numbers(cell)[:120]


def _place(row_id: UUID) -> Place:
    return Place(current_tenant(), "refused_row", row_id, "sealed")


async def _kept(row: Row) -> dict[str, str]:
    opened: dict[str, str] = orjson.loads(
        (await tenant_keys()).open(row["sealed"], _place(row["id"]))
    )
    return opened


async def _try_again(
    rows: Sequence[Row], cells: Sequence[Cells]
) -> tuple[Redone, dict[UUID, Taken | RowRefused]]:
    if not rows:
        return Redone(0, 0), {}
    kind, first = kind_of(rows[0]["kind"]), rows[0]
    asked = Asked(
        first["file_import_id"], first["requested_at"], orjson.loads(first["options"] or "{}")
    )
    read = [
        # A row that never was one has no cells yet: it stays as it is until somebody corrects it.
        ReadRow(
            row["row_no"],
            RowRefused(row["field"], row["code"], row["found"]) if "$" in each else each,
            row["begins_at"],
        )
        for row, each in zip(rows, cells, strict=True)
    ]
    fates = await take_rows(kind, asked, read)
    by_id = {row["id"]: fate for row, fate in zip(rows, fates, strict=True)}
    mended = [row_id for row_id, fate in by_id.items() if isinstance(fate, Taken)]
    await fetch(
        "UPDATE refused_row SET state = 'mended' WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
        mended,
    )
    await _say_anew(
        [(row_id, fate) for row_id, fate in by_id.items() if isinstance(fate, RowRefused)]
    )
    counts = _counts(fates)
    await fetch(
        "UPDATE file_import SET entered = entered + $3, changed = changed + $4, same = same + $5, "
        "refused = refused - $6 WHERE tenant_id = $1 AND id = $2",
        *(asked.id, counts[Taken.ENTERED], counts[Taken.CHANGED], counts[Taken.SAME]),
        len(mended),
    )
    await tell(asked.id, "redone")
    return Redone(len(mended), len(rows) - len(mended), rows[-1]["row_no"]), by_id


def _counts(fates: Sequence[Taken | RowRefused]) -> dict[Taken, int]:
    return {taken: sum(fate is taken for fate in fates) for taken in Taken}


async def _say_anew(refused: Sequence[tuple[UUID, RowRefused]]) -> None:
    await fetch(
        "UPDATE refused_row r SET field = t.field, code = t.code, found = t.found "
        "FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS t(id, field, code, found) "
        "WHERE r.tenant_id = $1 AND r.id = t.id",
        [row_id for row_id, _ in refused],
        *_columns([why for _, why in refused]),
    )


def _columns(refused: Sequence[RowRefused]) -> tuple[list[str], list[str], list[str]]:
    """Field, code and finding, as they are kept: numbers of people hidden."""
    return (
        [each.field[:120] for each in refused],
        [each.code[:40] for each in refused],
        [without_numbers(each.found)[:120] for each in refused],
    )


async def keep_refused(
    import_id: UUID, refused: Sequence[tuple[ReadRow, Mapping[str, Any], RowRefused]]
) -> None:
    """Puts rows aside, each with its cells and what is wrong, in one statement."""
    if not refused:
        return
    key, ids = (await tenant_keys()).sealing, [new_id() for _ in refused]
    await fetch(
        "INSERT INTO refused_row (tenant_id, id, file_import_id, row_no, begins_at, sealed, field, "
        "code, found, state, refused_at) SELECT $1, t.id, $2, t.row_no, t.begins_at, t.sealed, "
        "t.field, t.code, t.found, 'open', $3 FROM unnest($4::uuid[], $5::int[], $6::int[], "
        "$7::bytea[], $8::text[], $9::text[], $10::text[]) "
        "AS t(id, row_no, begins_at, sealed, field, code, found)",
        *(import_id, clock.now(), ids),
        [row.row_no for row, _, _ in refused],
        [row.begins_at for row, _, _ in refused],
        [
            seal(key, orjson.dumps(dict(cells)), _place(row_id))
            for row_id, (_, cells, _) in zip(ids, refused, strict=True)
        ],
        *_columns([why for _, _, why in refused]),
    )

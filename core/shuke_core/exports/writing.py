"""How the worker writes exports: a batch of rows a unit, so that nothing has the whole list in memory.

Each batch is a chunk of the file, and where it ended is kept in the same commit: whoever dies leaves
the rest to the next worker. The asker's rights and scope are looked at anew for each of them.
"""

import logging
from datetime import timedelta
from functools import partial
from uuid import UUID

from shuke_core.access.scopes import narrow_to
from shuke_core.audit.services import record
from shuke_core.disclosure.limits import disclosure_limits
from shuke_core.exports.asked import Asked, Batch
from shuke_core.exports.errors import (
    ExportColumnsInvalid,
    ExportFiltersInvalid,
    ExportKindUnknown,
    ExportNotPermitted,
    ExportTooLarge,
)
from shuke_core.exports.rules import BOM, csv_lines, file_name, watermark
from shuke_core.exports.services import TOPIC, asked_in, end_export, tell
from shuke_core.files.services import append_to_file, begin_file
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import Row, fetch, fetch_one, in_unit_of_work, unit_of_work
from shuke_core.staff.standing import Standing, standing_of
from shuke_core.tenants.queries import this_tenant
from shuke_core.worker.drains import Drain, due_tenants
from shuke_core.worker.leases import Lease, Leased, leasing

ROWS = 2_000  # a batch: about 200 kB of text, and a tenth of a second where phones are opened
LIFE = timedelta(hours=24)
ATTEMPTS = 5
PAUSE_SECONDS = 5.0
CONTENT_TYPE = "text/csv; charset=utf-8"
INTERNAL = "INTERNAL"  # why an export failed that nobody can mend but us: the log says more
LEASED = Leased("export", waiting="waiting")
# What another attempt would not mend.
_FINAL = (
    ExportColumnsInvalid,
    ExportFiltersInvalid,
    ExportKindUnknown,
    ExportNotPermitted,
    ExportTooLarge,
)
_ASKED = (
    "q.id, q.staff_id, q.kind, q.columns::text AS columns, q.filters::text AS filters, q.rows, "
    "q.last_at, q.last_id, q.file_id, q.requested_at"
)

log = logging.getLogger("shuke.exports")


async def _due() -> list[UUID]:
    return await due_tenants("export", "q.state IN ('waiting', 'ready') AND q.due_at <= now()")


async def work_on_exports(tenant_id: UUID) -> bool:
    """Ends what has expired and writes one batch of the export that waits longest; says whether
    there was anything to do."""
    async with leasing(LEASED, tenant_id) as lease:
        async with unit_of_work(tenant_id):
            expired = await _expire()
            claimed = await lease.claim(
                "SELECT id FROM export WHERE tenant_id = $1 AND state = 'waiting' "
                "AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED",
                returning=_ASKED,
            )
        for row in claimed:
            try:
                await in_unit_of_work(tenant_id, partial(_write, lease, row))
            except PASSING:
                raise
            except Exception as failure:
                log.exception("a batch of an export failed", extra={"export": str(row["id"])})
                async with unit_of_work(tenant_id):
                    await _fail(lease, row, failure)
    return expired or bool(claimed)


async def _expire() -> bool:
    """Ends the export that expired first, if one has."""
    row = await fetch_one(
        "SELECT id, staff_id, file_id FROM export WHERE tenant_id = $1 AND state = 'ready' "
        "AND due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    if row is None:
        return False
    await end_export(row["id"], row["file_id"], "expired")
    tell(row["id"], row["staff_id"], "expired")
    return True


async def _write(lease: Lease, row: Row) -> None:
    """Writes one batch as its asker sees it now, and the end of the file where it was the last."""
    if not await lease.holds([row["id"]]):
        return
    asker = await standing_of(row["staff_id"])
    if asker is None:
        raise ExportNotPermitted(what="The export", needed="its asker, who has left")
    asked = asked_in(row)
    within = asked.check(asker.rights)
    if within is not None:
        await narrow_to(within)
    after = (row["last_at"], row["last_id"]) if row["last_at"] else None
    batch = await asked.batch(asker.rights, within, after, ROWS)
    most, rows = (await disclosure_limits()).rows, row["rows"] + len(batch.cells)
    if rows > most:
        raise ExportTooLarge(most=most)
    await _append(row, asked, asker, batch, rows)
    if len(batch.cells) < ROWS:
        await _finish(row, asked, rows)


async def _append(row: Row, asked: Asked, asker: Standing, batch: Batch, rows: int) -> None:
    at = row["requested_at"].astimezone((await this_tenant()).zone)
    file_id, text = row["file_id"], csv_lines(batch.cells)
    if file_id is None:
        name = file_name(asked.kind.key, asker.handle, at, row["id"])
        file_id = await begin_file(name, CONTENT_TYPE, None)
        labels = [column.label["zh"] for column in asked.columns]
        text = BOM.encode() + csv_lines([labels]) + text
    if len(batch.cells) < ROWS:
        text += csv_lines([watermark(asker.handle, asker.name, at, row["id"], rows)])
    await append_to_file(file_id, text)
    last_at, last_id = batch.last or (row["last_at"], row["last_id"])
    await fetch(
        "UPDATE export SET file_id = $3, rows = $4, last_at = $5, last_id = $6, attempt = 0, "
        "due_at = now(), lease = NULL, started_at = coalesce(started_at, $7) "
        "WHERE tenant_id = $1 AND id = $2",
        *(row["id"], file_id, rows, last_at, last_id, clock.now()),
    )


async def _finish(row: Row, asked: Asked, rows: int) -> None:
    now = clock.now()
    await fetch(
        "UPDATE export SET state = 'ready', ready_at = $3, expires_at = $4, due_at = $4 "
        "WHERE tenant_id = $1 AND id = $2",
        *(row["id"], now, now + LIFE),
    )
    await record(
        "export.written",
        f"export:{row['id']}",
        changes={"rows": (None, rows), "filters": (None, asked.shown_filters)},
    )
    tell(row["id"], row["staff_id"], "ready")


async def _fail(lease: Lease, row: Row, failure: Exception) -> None:
    """Another attempt later, which goes on where the last batch ended; or the end of it."""
    most = 1 if isinstance(failure, _FINAL) else ATTEMPTS
    await lease.fail([row["id"]], failure, most=most, pause=PAUSE_SECONDS)
    dead = await fetch_one(
        "SELECT file_id FROM export WHERE tenant_id = $1 AND id = $2 AND state = 'dead'", row["id"]
    )
    if dead is None:
        return
    code = failure.code if isinstance(failure, ShukeError) else INTERNAL
    await end_export(row["id"], dead["file_id"], "dead", code)
    await record("export.failed", f"export:{row['id']}", changes={"reason": (None, code)})
    tell(row["id"], row["staff_id"], "failed")


EXPORT_DRAIN = Drain(TOPIC, _due, work_on_exports)

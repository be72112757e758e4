"""Reads of exports: what the API shows of them, and where it comes from."""

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from shuke_core.projection.declare import ID, Projection, column, one, python, sql
from shuke_core.projection.reads import Read
from shuke_core.staff.queries import Colleague


class ExportState(Enum):
    """How far an export has come."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Export(Projection, table="export"):
    """An export that one of the staff asked for."""

    id: ID
    kind: str
    columns: list[str] = python("columns")
    filters: dict[str, Any] = python("kind", "filters")
    asker: Colleague = one("this.id = parent.staff_id")
    reason: str = column("purpose")
    state: ExportState = sql(
        "case when this.state = 'dead' then 'failed' "
        "when this.state = 'waiting' and this.started_at is null then 'queued' "
        "when this.state = 'waiting' then 'running' "
        "when this.state = 'ready' and this.expires_at <= :now then 'expired' else this.state end"
    )
    failure: str | None = sql("case when this.state = 'dead' then this.reason end")
    rows: int
    downloads: int
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime | None


def export_of_id(export_id: UUID) -> Read:
    """An export; whether its asker may see it is for the caller to know."""
    return Read.one(Export, "this.id = :id", given={"id": export_id})


def newest_exports(staff_id: UUID | None, first: int, after: str | None) -> Read:
    """Exports, newest first: this person's, or everybody's."""
    return Read.page(
        Export,
        "this.staff_id = :staff",
        newest="requested_at",
        listed="exports" if staff_id else "exports.all",
        given={"first": first, "after": after, "staff": staff_id},
    )

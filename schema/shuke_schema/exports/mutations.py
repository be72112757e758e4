"""Mutations of exports."""

from collections.abc import Awaitable, Callable
from enum import Enum
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import EXPORTS_MANAGE, EXPORTS_REQUEST
from shuke_core.access.rights import FieldClass
from shuke_core.exports.errors import ExportFiltersInvalid, ExportUnknown
from shuke_core.exports.queries import export_of_id
from shuke_core.exports.services import Link, make_link, request_export, revoke_export
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.exports.types import Export, ExportLink
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import asks, shows
from shuke_schema.staff.mutations import STEP_UP, grant_of


@strawberry.enum(description="Why an act on an export was refused.")
class ExportErrorCode(Enum):
    EXPORT_KIND_UNKNOWN = "EXPORT_KIND_UNKNOWN"
    EXPORT_COLUMNS_INVALID = "EXPORT_COLUMNS_INVALID"
    EXPORT_FILTERS_INVALID = "EXPORT_FILTERS_INVALID"
    EXPORT_NOT_PERMITTED = "EXPORT_NOT_PERMITTED"
    EXPORT_REASON_MISSING = "EXPORT_REASON_MISSING"
    EXPORT_TOO_LARGE = "EXPORT_TOO_LARGE"
    EXPORTS_TOO_MANY = "EXPORTS_TOO_MANY"
    EXPORT_UNKNOWN = "EXPORT_UNKNOWN"
    EXPORT_NOT_READY = "EXPORT_NOT_READY"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"


@strawberry.type(description="Why an act on an export was refused.")
class ExportError(Failure[ExportErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class ExportPayload:
    export: Export | None = None
    errors: list[ExportError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class ExportLinkPayload:
    link: ExportLink | None = None
    errors: list[ExportError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    ExportError,
    ExportErrorCode,
    {
        "EXPORT_KIND_UNKNOWN": "kind",
        "EXPORT_COLUMNS_INVALID": "columns",
        "EXPORT_FILTERS_INVALID": "filters",
        "EXPORT_REASON_MISSING": "reason",
        "EXPORT_TOO_LARGE": "filters",
        "EXPORT_UNKNOWN": "id",
        "EXPORT_NOT_READY": "id",
        "STEP_UP_REQUIRED": "stepUp",
        "APPROVAL_REQUIRED": "stepUp",
    },
)


async def _done(act: Callable[[], Awaitable[UUID]]) -> ExportPayload:
    export_id, errors = await _FAILURES.attempt(act)
    read = answered_by(export_of_id(export_id)) if export_id else None
    return ExportPayload(export=read, errors=errors)


def _export(id: strawberry.ID) -> UUID:
    export_id = id_of(id)
    if export_id is None:
        raise ExportUnknown()
    return export_id


@strawberry.type
class ExportsMutation:
    @strawberry.mutation(
        description="Asks for a file with these columns of what the filters choose, as you may see "
        f"it. It is written in the background. `stepUp`: {STEP_UP}.",
        metadata=asks(Audience.STAFF, EXPORTS_REQUEST) | WHILE_CLOSING,
    )
    async def request_export(
        self,
        kind: str,
        columns: list[str],
        reason: str,
        filters: JSON | None = None,
        step_up: strawberry.ID | None = None,
    ) -> ExportPayload:
        async def act() -> UUID:
            given: object = {} if filters is None else filters
            if not isinstance(given, dict):
                raise ExportFiltersInvalid(why="filters is a JSON object.")
            return await request_export(grant_of(step_up), kind, columns, given, reason)

        return await _done(act)

    @strawberry.mutation(
        description="A link to fetch your export by, once, within five minutes.",
        metadata=asks(Audience.STAFF, EXPORTS_REQUEST) | WHILE_CLOSING,
    )
    async def export_link(self, info: ShukeInfo, id: strawberry.ID) -> ExportLinkPayload:
        async def act() -> Link:
            return await make_link(_export(id))

        link, errors = await _FAILURES.attempt(act)
        if link is None:
            return ExportLinkPayload(errors=errors)
        path = f"/t/{info.context.tenant.slug}/exports/{link.token}"
        return ExportLinkPayload(link=ExportLink(path=path, expires_at=link.expires_at))

    @strawberry.mutation(
        description="Ends an export of yours, with exports.manage anybody's, and deletes its file.",
        metadata=asks(Audience.STAFF, EXPORTS_REQUEST) | WHILE_CLOSING,
    )
    async def revoke_export(self, info: ShukeInfo, id: strawberry.ID) -> ExportPayload:
        anybodys = EXPORTS_MANAGE.key in info.context.rights.permissions

        async def act() -> UUID:
            await revoke_export(_export(id), anybodys=anybodys)
            return _export(id)

        return await _done(act)

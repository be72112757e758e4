"""Root fields about step-ups and approvals."""

from uuid import UUID

import strawberry

from shuke_core.access.permissions import APPROVALS_DECIDE
from shuke_core.kit.pagination import Keys
from shuke_core.stepup.operations import sensitive_operations
from shuke_core.stepup.queries import ApprovalRow, approval_limits, approvals_before
from shuke_schema.context import ShukeInfo
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.parts import Audience
from shuke_schema.rights import ANY_STAFF, asks
from shuke_schema.stepup.types import Approval, ApprovalState, SensitiveOperation

_NOBODY = UUID(int=0)


@strawberry.type
class StepUpQuery:
    @strawberry.field(
        description="The operations that want a step-up, with the limits set for them here.",
        metadata=asks(Audience.STAFF, ANY_STAFF),
    )
    async def sensitive_operations(self) -> list[SensitiveOperation]:
        limits = await approval_limits()
        return [
            SensitiveOperation.of(each, limits.get(each.key))
            for each in sensitive_operations().values()
        ]

    @strawberry.field(
        description="What approval was asked for, newest first.",
        metadata=asks(Audience.STAFF, APPROVALS_DECIDE),
    )
    async def approvals(
        self, state: ApprovalState | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Approval]:
        return await _page("approvals", state, None, first, after)

    @strawberry.field(
        description="What approval one has asked for oneself, newest first.",
        metadata=asks(Audience.STAFF, ANY_STAFF),
    )
    async def my_approvals(
        self,
        info: ShukeInfo,
        state: ApprovalState | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Approval]:
        me = info.context.staff.id if info.context.staff else _NOBODY
        return await _page("approvals.own", state, me, first, after)


async def _page(
    listed: str, state: ApprovalState | None, asker: UUID | None, first: int, after: str | None
) -> Connection[Approval]:
    async def read(before: Keys | None, limit: int) -> list[ApprovalRow]:
        return await approvals_before(state.value if state else None, asker, before, limit)

    return await connection_of(
        listed, first, after, read, lambda row: (row.asked_at, row.id), Approval.of
    )

"""GraphQL types of step-ups and approvals."""

from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.stepup.operations import Operation
from shuke_core.stepup.queries import ApprovalRow
from shuke_schema.context import opaque
from shuke_schema.rights import shows


@strawberry.enum(description="Where an approval stands; past its end it can't move any more.")
class ApprovalState(Enum):
    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    DONE = "done"


@shows(FieldClass.PUBLIC)
@strawberry.type(description="An operation that wants a fresh second factor (敏感操作).")
class SensitiveOperation:
    key: str
    label: str = strawberry.field(description="In English.")
    label_zh: str = strawberry.field(description="In Chinese.")
    arguments: list[str] = strawberry.field(description="What beginStepUp is to name.")
    permission: str = strawberry.field(description="What it needs, by key.")
    takes_limit: bool = strawberry.field(description="Whether a limit can be set for it.")
    most: int | None = strawberry.field(
        description="Above this a second person approves; null: no limit is set."
    )

    @classmethod
    def of(cls, operation: Operation, most: int | None) -> "SensitiveOperation":
        return cls(
            key=operation.key,
            label=operation.label["en"],
            label_zh=operation.label["zh"],
            arguments=list(operation.names),
            permission=operation.permission.key,
            takes_limit=operation.measure is not None,
            most=most,
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Something that somebody may do once a second person agrees (审批).")
class Approval:
    id: strawberry.ID
    operation: str
    amount: int
    summary: str = strawberry.field(description="What is to be done, personal values masked.")
    reason: str
    state: ApprovalState
    asker: str
    decider: str | None
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, row: ApprovalRow) -> "Approval":
        return cls(
            id=opaque(row.id),
            operation=row.operation,
            amount=row.amount,
            summary=row.summary,
            reason=row.reason,
            state=ApprovalState(row.state),
            asker=row.asker,
            decider=row.decider,
            asked_at=row.asked_at,
            expires_at=row.expires_at,
            decided_at=row.decided_at,
        )

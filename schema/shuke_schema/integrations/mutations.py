"""Mutations of the staff API about integrations: tickets in quarantine are mended and replayed."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import INTEGRATIONS_REPAIR
from shuke_core.access.rights import FieldClass
from shuke_core.integrations.errors import TicketNotQuarantined
from shuke_core.integrations.quarantine import correct, discard, replay
from shuke_core.integrations.services import integration_of
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import asks, shows


@strawberry.enum(description="Why a repair was refused.")
class RepairErrorCode(Enum):
    INTEGRATION_UNKNOWN = "INTEGRATION_UNKNOWN"
    TICKET_NOT_QUARANTINED = "TICKET_NOT_QUARANTINED"
    CORRECTION_INVALID = "CORRECTION_INVALID"
    IDEMPOTENCY_KEY_INVALID = "IDEMPOTENCY_KEY_INVALID"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"


@strawberry.type(description="Why a repair was refused.")
class RepairError(Failure[RepairErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type(description="How many tickets went in, and how many still can't.")
class RepairPayload:
    accepted: int = 0
    still_quarantined: int = 0
    last: strawberry.ID | None = strawberry.field(
        default=None, description="The last ticket that was tried; hand it in as `after` to go on."
    )
    errors: list[RepairError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    RepairError,
    RepairErrorCode,
    {
        "INTEGRATION_UNKNOWN": "integration",
        "TICKET_NOT_QUARANTINED": "id",
        "CORRECTION_INVALID": "fields",
        "IDEMPOTENCY_KEY_INVALID": "idempotencyKey",
        "IDEMPOTENCY_KEY_REUSED": "idempotencyKey",
    },
)


def _payload(done: Mapping[str, Any] | None, errors: list[RepairError]) -> RepairPayload:
    return RepairPayload(**(done or {}), errors=errors)


@strawberry.type
class IntegrationsMutation:
    @strawberry.mutation(
        description=(
            "Tries up to 200 tickets of an integration's quarantine again, after a fix outside of "
            "them. For more, call again with `after`."
        ),
        metadata=asks(Audience.STAFF, INTEGRATIONS_REPAIR),
    )
    async def replay_tickets(
        self,
        info: ShukeInfo,
        integration: str,
        idempotency_key: str,
        after: strawberry.ID | None = None,
    ) -> RepairPayload:
        async def act() -> Mapping[str, Any]:
            await integration_of(integration)
            done, last = await replay(integration, _ticket(after) if after else None)
            return {
                "accepted": done.accepted,
                "still_quarantined": done.still_quarantined,
                "last": str(last) if last else None,
            }

        asked = {"integration": integration, "after": after}
        return _payload(*await _FAILURES.attempt_once(info, idempotency_key, asked, act))

    @strawberry.mutation(
        description="Replaces top-level fields of a quarantined ticket and tries it again.",
        metadata=asks(Audience.STAFF, INTEGRATIONS_REPAIR),
    )
    async def correct_ticket(
        self, info: ShukeInfo, id: strawberry.ID, fields: JSON, idempotency_key: str
    ) -> RepairPayload:
        async def act() -> Mapping[str, Any]:
            done = await correct(_ticket(id), fields)
            return {"accepted": done.accepted, "still_quarantined": done.still_quarantined}

        asked = {"id": id, "fields": fields}
        return _payload(*await _FAILURES.attempt_once(info, idempotency_key, asked, act))

    @strawberry.mutation(
        description="Gives a quarantined ticket up for good.",
        metadata=asks(Audience.STAFF, INTEGRATIONS_REPAIR),
    )
    async def discard_ticket(
        self, info: ShukeInfo, id: strawberry.ID, idempotency_key: str
    ) -> RepairPayload:
        async def act() -> Mapping[str, Any]:
            await discard(_ticket(id))
            return {}

        return _payload(*await _FAILURES.attempt_once(info, idempotency_key, {"id": id}, act))


def _ticket(text: strawberry.ID) -> Any:
    ticket_id = id_of(text)
    if ticket_id is None:
        raise TicketNotQuarantined()
    return ticket_id

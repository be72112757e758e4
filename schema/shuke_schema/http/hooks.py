"""The door for outside systems: signed messages come in, and the sender can ask how they are doing.

POST /t/{tenant}/hooks/{integration}   202 taken · 200 known already · 400 · 401 · 404 · 410 · 413
GET  /t/{tenant}/hooks/{integration}   how far the messages have come; signed over the empty body
"""

from starlette.requests import Request
from starlette.responses import Response

from shuke_core.integrations.queries import progress_of, seconds_to_points
from shuke_core.integrations.services import receive_message, verify_sender
from shuke_core.integrations.signatures import SignatureRefused
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.errors import TenantClosing
from shuke_core.tenants.queries import find_receiving_tenant
from shuke_schema.http.answers import JsonAnswer, read_body, refusal

_NOT_YET: dict[str, float | None] = {"p50": None, "p99": None}


async def receive(request: Request) -> Response:
    """Takes one message into the inbox."""
    try:
        body = await read_body(request)
        tenant = await find_receiving_tenant(request.path_params["tenant"])
        async with unit_of_work(tenant.id):
            received = await receive_message(
                request.path_params["integration"], request.headers, body
            )
    except TenantClosing as closing:
        return refusal(closing, status=410)
    except (ShukeError, SignatureRefused) as error:
        return refusal(error)
    return JsonAnswer(
        {
            "message": received.message_id,
            "tickets": received.tickets,
            "state": "known" if received.known else "taken",
        },
        200 if received.known else 202,
    )


async def progress(request: Request) -> Response:
    """How far the integration's messages have come."""
    try:
        tenant = await find_receiving_tenant(request.path_params["tenant"])
        async with unit_of_work(tenant.id):
            integration_id, _ = await verify_sender(
                request.path_params["integration"], request.headers, b""
            )
            so_far = await progress_of(integration_id)
            took = await seconds_to_points() if so_far.is_through else _NOT_YET
    except TenantClosing as closing:
        return refusal(closing, status=410)
    except (ShukeError, SignatureRefused) as error:
        return refusal(error)
    return JsonAnswer(
        {
            "messages": {
                "received": so_far.received,
                "pending": so_far.pending,
                "dead": so_far.dead,
            },
            "tickets": {
                "accepted": so_far.accepted,
                "known": so_far.known,
                "quarantined": so_far.quarantined,
            },
            "events_behind": so_far.events_behind,
            "webhook_to_points_seconds": took,
        }
    )

"""The ASGI app: which address leads where."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shuke_core.settings import Settings, current_settings
from shuke_schema.composition import member_door
from shuke_schema.http.answers import JsonAnswer
from shuke_schema.http.faults import answer_fault
from shuke_schema.http.graphql import graphql_endpoint
from shuke_schema.http.headers import SecurityHeaders
from shuke_schema.http.hooks import progress, receive
from shuke_schema.http.hosts import HostGuard, host_names
from shuke_schema.http.rates import Rates


async def healthz(_: Request) -> Response:
    """Whether the process answers at all; looks at nothing else."""
    return JsonAnswer({"state": "up"})


def create_app(settings: Settings | None = None, rates: Rates | None = None) -> ASGIApp:
    """The app. It expects a process that `shuke_core.runtime` has put in running order.

    Without `rates` it limits them in this process alone, and what could be guessed is not answered.
    """
    settings = settings or current_settings()
    rates = rates or Rates(None)
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/t/{tenant}/hooks/{integration}", receive, methods=["POST"]),
            Route("/t/{tenant}/hooks/{integration}", progress, methods=["GET"]),
            Route(
                "/t/{tenant}/member/graphql",
                graphql_endpoint(member_door(settings), rates),
                methods=["GET", "POST"],
            ),
        ],
        exception_handlers={Exception: answer_fault},
    )
    return SecurityHeaders(HostGuard(app, host_names(settings.hosts)))  # around faults as well

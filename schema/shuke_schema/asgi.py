"""The ASGI app: which address leads where."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from shuke_core.settings import Settings, current_settings
from shuke_schema.doors import member_door, staff_door, upload_routes
from shuke_schema.http.answers import JsonAnswer
from shuke_schema.http.demo_login import demo_login_routes
from shuke_schema.http.exports import fetch_export
from shuke_schema.http.faults import answer_fault
from shuke_schema.http.files import picture_endpoint
from shuke_schema.http.graphql import graphql_endpoint
from shuke_schema.http.headers import SecurityHeaders
from shuke_schema.http.hooks import progress, receive
from shuke_schema.http.hosts import HostGuard, host_names
from shuke_schema.http.rates import Rates
from shuke_schema.http.readiness import Presence, readyz
from shuke_schema.http.watch import Watched
from shuke_schema.live.doors import live_door
from shuke_schema.live.endpoint import LiveEndpoint
from shuke_schema.live.hub import Hub
from shuke_schema.live.origins import origins_of


async def healthz(_: Request) -> Response:
    """Whether the process answers at all; looks at nothing else."""
    return JsonAnswer({"state": "up"})


def create_app(
    settings: Settings | None = None,
    rates: Rates | None = None,
    presence: Presence | None = None,
    host: str | None = None,
    hub: Hub | None = None,
) -> ASGIApp:
    """The app. It expects a process that `shuke_core.runtime` has put in running order.

    `host` is the address it is going to listen on, `presence` how the server says that it is
    leaving. Without `rates` it limits them in this process alone, and what could be guessed is not
    answered. Without a `hub`, which somebody must run, there are no sockets.
    """
    settings = settings or current_settings()
    rates = rates or Rates(None)
    presence = presence or Presence()
    hosts = host_names(settings.hosts)
    routes: list[BaseRoute] = []  # looked at in this order, so the busiest come first
    member, staff = member_door(settings), staff_door(settings)
    for door in (member, staff):
        path = f"/t/{{tenant}}/{door.name}/graphql"
        routes.append(Route(path, graphql_endpoint(door, rates), methods=["GET", "POST"]))
        if hub is not None:
            endpoint = LiveEndpoint(live_door(door), hub, hosts, origins_of(settings.origins or ""))
            routes.append(WebSocketRoute(path, endpoint))
    routes += [
        *upload_routes(member, staff, rates),
        Route("/t/{tenant}/files/{token}", picture_endpoint(member.limits, rates), methods=["GET"]),
        Route("/t/{tenant}/hooks/{integration}", receive, methods=["POST"]),
        Route("/t/{tenant}/hooks/{integration}", progress, methods=["GET"]),
        Route("/t/{tenant}/exports/{token}", fetch_export, methods=["GET"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz(presence, rates)),
        *demo_login_routes(settings, host or settings.host, rates),
    ]
    app = Starlette(routes=routes, exception_handlers={Exception: answer_fault})
    guarded = HostGuard(app, hosts)
    return Watched(SecurityHeaders(guarded), presence)  # around faults as well

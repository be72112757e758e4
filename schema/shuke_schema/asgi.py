"""The ASGI app: which address leads where."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shuke_schema.composition import member_schema
from shuke_schema.http.answers import JsonAnswer
from shuke_schema.http.faults import answer_fault
from shuke_schema.http.graphql import graphql_endpoint
from shuke_schema.http.hooks import progress, receive


async def healthz(_: Request) -> Response:
    """Whether the process answers at all; looks at nothing else."""
    return JsonAnswer({"state": "up"})


def create_app() -> Starlette:
    """The app. It expects a process that `shuke_core.runtime` has put in running order."""
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/t/{tenant}/hooks/{integration}", receive, methods=["POST"]),
            Route("/t/{tenant}/hooks/{integration}", progress, methods=["GET"]),
            Route(
                "/t/{tenant}/member/graphql",
                graphql_endpoint(member_schema()),
                methods=["GET", "POST"],
            ),
        ],
        exception_handlers={Exception: answer_fault},
    )

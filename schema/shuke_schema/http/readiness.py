"""`/readyz`: whether requests should be sent here, asked with a deadline.

A process that leaves says so here first. Then: a short drain while proxies notice, it stops
accepting, answers who has just connected, closes its sockets with 1012, finishes what it has.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from shuke_core.readiness import Looks
from shuke_schema.http.answers import JsonAnswer
from shuke_schema.http.rates import Rates


class Presence:
    """Whether the process is leaving."""

    def __init__(self) -> None:
        self.is_leaving = False


def readyz(presence: Presence, rates: Rates) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint: 200 when ready, 503 with the reasons when not."""
    looks = Looks()

    async def endpoint(_: Request) -> Response:
        if presence.is_leaving:
            return JsonAnswer({"state": "leaving"}, 503)
        readiness = await looks.ready()
        facts = {
            "state": "ready" if readiness.is_ready else "unready",
            "reasons": readiness.reasons,
            "redis": "up" if await rates.is_up() else "away",
        }
        return JsonAnswer(facts, 200 if readiness.is_ready else 503)

    return endpoint

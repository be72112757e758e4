"""The outermost layer: each request gets an id and a trace, is timed by audience, and is counted.

While the process is leaving, answers ask clients and proxies to close their connection, so that
nobody sends the next request to a process that is gone.
"""

import re
from functools import lru_cache
from hashlib import sha256
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shuke_core.kit.metrics import OPERATIONS, REQUESTS, bounded_operation
from shuke_core.kit.traces import begin_trace, noting
from shuke_schema.http.readiness import Presence

_PATH = re.compile(r"/t/([a-z0-9-]{1,40})/(member|staff|hooks)(?:/|$)")
_DOCUMENT = "shuke.document"
_DIGEST = 16


def note_document(scope: Scope, text: str, *, is_trusted: bool) -> None:
    """Says which document the request runs, once it has proved valid."""
    scope[_DOCUMENT] = (text, is_trusted)


# What of a request is the same for thousands of others is worked out once. All of it is bounded:
# texts by what a process remembers of documents, labels by the program.
_requests = lru_cache(maxsize=64)(REQUESTS.labels)
_operations = lru_cache(maxsize=1024)(OPERATIONS.labels)


@lru_cache(maxsize=256)
def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGEST]


def _parent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            return str(value, "latin-1")
    return None


class Watched:
    """Stands around everything, faults included."""

    def __init__(self, app: ASGIApp, presence: Presence) -> None:
        self._app, self._presence = app, presence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        trace = begin_trace(_parent(scope))
        request = trace.split("-")[2]
        path = _PATH.match(scope["path"])
        tenant, audience = path.groups() if path else (None, "other")
        status, start = "none", perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
                message["headers"] = headers = list(message.get("headers", ()))
                headers.append((b"x-request-id", request.encode()))
                if self._presence.is_leaving:
                    headers.append((b"connection", b"close"))
            await send(message)

        with noting(trace=trace, request=request, tenant=tenant):
            try:
                await self._app(scope, receive, watched)
            finally:
                if scope["type"] == "http":
                    took = perf_counter() - start
                    _requests(audience, status).observe(took)
                    if _DOCUMENT in scope:
                        text, is_trusted = scope[_DOCUMENT]
                        operation = bounded_operation(_digest(text), is_trusted=is_trusted)
                        _operations(audience, operation).observe(took)

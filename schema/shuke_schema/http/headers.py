"""Headers on every answer: no guessing of types, nothing kept, nothing framed; no CORS at all."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DEFAULTS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)

# A refused handshake of a WebSocket is answered as HTTP.
_STARTS = ("http.response.start", "websocket.http.response.start")


class SecurityHeaders:
    """Adds what an answer has not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] in _STARTS:
                given = list(message.get("headers", ()))
                own = {name.lower() for name, _ in given}
                given += [header for header in _DEFAULTS if header[0] not in own]
                message["headers"] = given
            await send(message)

        await self._app(scope, receive, with_headers)

"""Answers only to the host names of the service, so that no other name can be made to lead here.

Access is never decided on an address rebuilt from this header, only on the routed path.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from shuke_schema.http.answers import refusal
from shuke_schema.http.errors import HostRefused

ANY = "*"
_OPEN_PATHS = {"/healthz", "/readyz"}  # probes ask by address, and learn nothing but how we are


def host_names(setting: str) -> frozenset[str]:
    """The names of a comma separated list; `*` stands for any."""
    return frozenset(name.strip().lower() for name in setting.split(",") if name.strip())


def name_of(host: str) -> str:
    """The name in a Host header: without port, in small letters; brackets of IPv6 stay."""
    name, colon, port = host.strip().lower().rpartition(":")
    return name if colon and port.isdigit() else host.strip().lower()


class HostGuard:
    """The app behind it hears only requests for one of the names."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self._knows(scope):
            await refusal(HostRefused())(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        if ANY in self._names or scope["path"] in _OPEN_PATHS:
            return True
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        return len(hosts) == 1 and name_of(hosts[0].decode("latin-1")) in self._names

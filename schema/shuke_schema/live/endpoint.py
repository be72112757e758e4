"""The endpoint of sockets at the address of a door: who may open one, before anything is said."""

from starlette.types import Receive, Scope, Send

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.metrics import SOCKETS
from shuke_core.tenants.queries import TenantCard, find_tenant
from shuke_schema.http.answers import JsonAnswer, refusal
from shuke_schema.http.faults import logged
from shuke_schema.live.doors import LiveDoor
from shuke_schema.live.errors import OriginRefused, SocketsTooMany, StrangersTooMany
from shuke_schema.live.hub import Hub
from shuke_schema.live.origins import may_open
from shuke_schema.live.sockets import LiveSocket, source_of


class LiveEndpoint:
    """An ASGI app for one door. Refusals are plain HTTP answers to the handshake."""

    def __init__(
        self, door: LiveDoor, hub: Hub, hosts: frozenset[str], origins: frozenset[str]
    ) -> None:
        self._door, self._hub = door, hub
        self._hosts, self._origins = hosts, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # websocket.connect
        self._hub.sockets += 1
        open_sockets = SOCKETS.labels(self._door.door.name)
        open_sockets.inc()
        try:
            try:
                tenant = await self._tenant(scope)
                if not self._hub.strangers.enter(source_of(scope)):
                    raise StrangersTooMany()
            except ShukeError as error:
                await refusal(error)(scope, receive, send)
                return
            except Exception as fault:  # noqa: BLE001 (logged under an id)
                code, sentence = logged(fault)
                await JsonAnswer({"error": {"code": code, "message": sentence}}, 503)(
                    scope, receive, send
                )
                return
            await LiveSocket(self._hub, self._door, tenant, scope, receive, send).run()
        finally:
            self._hub.sockets -= 1
            open_sockets.dec()

    async def _tenant(self, scope: Scope) -> TenantCard:
        if not may_open(scope, self._hosts, self._origins):
            raise OriginRefused()
        if self._hub.sockets > self._hub.limits.sockets:
            raise SocketsTooMany()
        return await find_tenant(scope["path_params"]["tenant"])

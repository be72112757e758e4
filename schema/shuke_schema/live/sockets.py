"""One socket: reads a client's messages, holds its operations, sends what they have not sent yet.

Nothing is queued for a client but answers to its own messages, and these are bounded: updates lie
in the rings of the groups. A task of ours lives only while there is something to send.
"""

import asyncio
import logging
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from shuke_core.access.errors import TokenInvalid
from shuke_core.kit.crypto import token_digest
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.queries import TenantCard
from shuke_schema.context import Context
from shuke_schema.http.errors import DeadlineExceeded, DocumentInvalid, RateLimited
from shuke_schema.http.execution import shown_error
from shuke_schema.http.faults import logged
from shuke_schema.http.rates import Caller
from shuke_schema.live.errors import OperationsTooMany
from shuke_schema.live.groups import Group
from shuke_schema.live.guards import admitted
from shuke_schema.live.operations import Operation
from shuke_schema.live.pace import Pace
from shuke_schema.live.protocol import SUBPROTOCOL, Close, Code, Message, dump, parse
from shuke_schema.live.runs import Refused, shown_refusal

if TYPE_CHECKING:
    from shuke_schema.live.doors import LiveDoor
    from shuke_schema.live.hub import Hub

_LATER: tuple[type[BaseException], ...] = (*PASSING, DeadlineExceeded)

log = logging.getLogger("shuke.live")


class LiveSocket:
    """The handler of one connection; `context` is who is there, once they have said so."""

    def __init__(
        self, hub: "Hub", door: "LiveDoor", tenant: TenantCard, scope: Scope, receive: Receive, send: Send
    ) -> None:  # fmt: skip
        self.hub, self.door, self.tenant = hub, door, tenant
        self.context: Context | None = None
        self.digest = b""
        self._scope, self._receive, self._send = scope, receive, send
        self._caller: Caller | None = None
        self._confirmed_at = 0.0
        self._operations: dict[str, Operation] = {}
        self._said: deque[str] = deque()  # goes before updates
        self._ready: deque[Operation] = deque()
        self._closing: Close | None = None
        self._parting = False
        self._draining: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Any] | None = None
        self._sending = False
        self._pace = Pace(hub.limits.messages)
        self._is_stranger = True  # the endpoint has counted it

    @property
    def operations(self) -> int:
        """How many operations are open."""
        return len(self._operations)

    @property
    def groups(self) -> set[Group]:
        """The groups that its operations are in."""
        return {each.group for each in self._operations.values() if each.group is not None}

    def follows(self, schema: object) -> bool:
        """Whether every operation was admitted by this schema, or will be."""
        return all(each.schema in (None, schema) for each in self._operations.values())

    async def run(self) -> None:
        """Serves until one of both sides has closed."""
        offered = SUBPROTOCOL in self._scope["subprotocols"]
        self._task = asyncio.current_task()
        try:
            await self._send(
                {"type": "websocket.accept", "subprotocol": SUBPROTOCOL if offered else None}
            )
            if offered:
                self._close_after(self.hub.limits.init_seconds, Code.INIT_TIMEOUT, "Init timeout")
            else:
                self.close(Code.BAD_SUBPROTOCOL, "Subprotocol not acceptable")
            while (frame := await self._receive())["type"] == "websocket.receive":
                if self._closing is None:
                    await self._take(frame.get("text"))
        except asyncio.CancelledError:
            if self._closing is None:  # the server stops
                raise
        finally:
            self._forget()

    async def _take(self, text: str | None) -> None:
        try:
            if not self._pace.allows():
                raise Close(Code.TOO_MANY, "Too many messages")
            await self._handle(parse(text))
        except Close as close:
            self.close(close.code, close.reason)

    async def _handle(self, message: Message) -> None:
        match message.type:
            case "connection_init":
                await self._init(message)
            case "ping":
                self.say(type="pong")
            case "subscribe":
                self._subscribe(message)
            case "complete" if message.id in self._operations:
                self._drop(self._operations[message.id])

    # Who is there

    async def _init(self, message: Message) -> None:
        if self._caller is not None:
            raise Close(Code.TOO_MANY, "Too many initialisation requests")
        token = _bearer(message.params)
        if token is None:
            raise Close(Code.FORBIDDEN, "Forbidden")
        self._caller = Caller(self.tenant.id, token, source_of(self._scope))
        self._stop_timer()
        try:
            context = await self._identified(token)
        except TokenInvalid:
            raise Close(Code.FORBIDDEN, "Forbidden") from None
        except RateLimited:
            raise Close(Code.TRY_LATER, "Try again later") from None
        except PASSING:
            raise Close(Code.TRY_LATER, "Try again later") from None
        except Exception as fault:  # noqa: BLE001 (logged under an id)
            logged(fault)
            raise Close(Code.INTERNAL, "Internal error") from None
        self.context, self.digest = context, token_digest(token)
        self._is_known()
        if not self.hub.enter(self):
            raise Close(Code.TOO_MANY, "Too many sockets")
        self.confirm()
        self.say(type="connection_ack")

    async def _identified(self, token: str) -> Context:
        assert self._caller is not None  # noqa: S101 (set just now)
        await self.hub.rates.take(self._caller, 1, self.door.door.limits)
        async with unit_of_work(self.tenant.id):
            return await self.door.door.identify(self.tenant, token)

    def confirm(self) -> None:
        """The token still holds: updates may go out for some seconds more."""
        self._confirmed_at = monotonic()
        if self._ready:
            self._wake()

    def revoke(self) -> None:
        """The token holds no more."""
        self.close(Code.FORBIDDEN, "Forbidden")

    def move(self, context: Context) -> None:
        """Rights or schema have changed: every operation is admitted anew, where it stands."""
        self.context = context
        self.confirm()
        for operation in list(self._operations.values()):
            passed, asked = operation.passed, operation.asked
            self._drop(operation)
            self._start(asked, passed)

    # Operations

    def _subscribe(self, message: Message) -> None:
        if self.context is None:
            raise Close(Code.UNAUTHORIZED, "Unauthorized")
        if message.id in self._operations:
            raise Close(Code.ID_TAKEN, f"Subscriber for {message.id} already exists")
        if len(self._operations) >= self.hub.limits.operations:
            refused = OperationsTooMany(most=self.hub.limits.operations)
            self.say(id=message.id, type="error", payload=[shown_refusal(refused)])
            return
        self._start(message, None)

    def _start(self, asked: Message, passed: int | None) -> None:
        operation = Operation(self, asked)
        self._operations[asked.id] = operation
        operation.task = asyncio.create_task(self._join(operation, passed))  # kept from collection

    async def _join(self, operation: Operation, passed: int | None) -> None:
        """Admits an operation and puts it into its group; what it is refused for, it is told."""
        try:
            assert self._caller is not None  # noqa: S101 (who is there is known)
            assert self.context is not None  # noqa: S101
            door, context = self.door, self.context
            schema = operation.schema = await door.door.schema_of(self.tenant)
            subscribed = await admitted(
                door.door, self.hub.rates, self._caller, schema, operation.asked, context,
                is_new=passed is None,
            )  # fmt: skip
            if not self._holds(operation):
                return
            group = operation.group = self.hub.group(self, subscribed)
            await group.join(operation, subscribed.after if passed is None else passed)
            if not self._holds(operation):
                group.leave(operation)
        except Refused as refused:
            self.fail(operation, refused.errors)
        except DocumentInvalid as invalid:
            self.fail(operation, [shown_error(error) for error in invalid.errors])
        except ShukeError as error:
            self.fail(operation, [shown_refusal(error)])
        except Exception as fault:  # noqa: BLE001 (logged under an id)
            code, sentence = logged(fault)
            self.fail(operation, [{"message": sentence, "extensions": {"code": code}}])

    def _holds(self, operation: Operation) -> bool:
        """Whether the operation is still wanted: a join under way is never cancelled, since it may
        be in the middle of a unit of work."""
        return self._operations.get(operation.id) is operation

    def fail(self, operation: Operation, errors: list[dict[str, Any]]) -> None:
        """Ends an operation with errors."""
        if self._holds(operation):
            self._drop(operation)
            self.say(id=operation.id, type="error", payload=errors or [{"message": "Refused"}])

    def _drop(self, operation: Operation) -> None:
        del self._operations[operation.id]
        if operation.group is not None:
            operation.group.leave(operation)
            operation.group = None

    # Sending

    def say(self, **message: Any) -> None:
        """Sends an answer, before all updates. Who asks and does not read is closed."""
        if len(self._said) >= self.hub.limits.unread:
            self.close(Code.TOO_MANY, "Read before you write")
            return
        self._said.append(dump(**message))
        self._wake()

    def notify(self, operation: Operation) -> None:
        """The operation may have something to send."""
        if not operation.queued:
            operation.queued = True
            self._ready.append(operation)
            self._wake()

    def close(self, code: Code, reason: str) -> None:
        """Nothing but the close frame is sent from now on; a peer that does not read is cut off."""
        if self._closing is None:
            self._stop_timer()
            self._closing = Close(code, reason)
            self._said.clear()
            self._wake()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.hub.limits.close_seconds, self._cut_off)

    def part(self) -> "asyncio.Task[None]":
        """Closes behind what waits to be sent, since the process ends; the task has done it."""
        self._parting = True
        self._wake()
        assert self._draining is not None  # noqa: S101 (it was woken)
        return self._draining

    def _cut_off(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _close_after(self, seconds: float, code: Code, reason: str) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self.close, code, reason)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        """Lives only while there is something to send."""
        try:
            while self._closing is None:
                text = self._next()
                if text is None:
                    if not self._ready or not self._is_confirmed():
                        break
                    await self._over_gap(self._ready[0])
                    continue
                self._sending = True
                await self._send({"type": "websocket.send", "text": text})
                self._sending = False
            if self._parting and self._closing is None:
                self.close(Code.RESTART, "Service restart")
            if (closing := self._closing) is not None:
                frame = {"type": "websocket.close", "code": closing.code, "reason": closing.reason}
                await self._send(frame)
        except (OSError, RuntimeError):  # the peer is gone: run() hears of it as well
            pass
        except _LATER as fault:
            log.debug("a gap can't be told now (%s)", fault)  # the next look at the token wakes us
        finally:
            if self._closing is None:
                self._draining = None

    def _is_confirmed(self) -> bool:
        """Whether the token was confirmed lately; else the sweep confirms it, or closes."""
        return monotonic() - self._confirmed_at <= self.hub.limits.confirmed_seconds

    def _next(self) -> str | None:
        """The next text; None when there is none, or the first in line has to pass a gap."""
        if self._said:
            return self._said.popleft()
        while self._ready and self._is_confirmed():
            operation = self._ready[0]
            if (text := operation.take()) is not None:
                return text
            if operation.is_behind:
                return None
            self._ready.popleft().queued = False
        return None

    async def _over_gap(self, operation: Operation) -> None:
        """Raises what passes by itself: the operation stays in line then."""
        try:
            await operation.over_gap()
        except Refused as refused:
            operation.fail(refused.errors)
        except _LATER:
            raise
        except Exception as fault:  # noqa: BLE001 (logged under an id)
            code, sentence = logged(fault)
            operation.fail([{"message": sentence, "extensions": {"code": code}}])

    def _is_known(self) -> None:
        if self._is_stranger:
            self._is_stranger = False
            self.hub.strangers.leave(source_of(self._scope))

    def _forget(self) -> None:
        self._stop_timer()
        self._is_known()
        for operation in list(self._operations.values()):
            self._drop(operation)
        if self._draining is not None and self._sending:  # the peer does not read
            self._draining.cancel()
        self.hub.leave(self)


def source_of(scope: Scope) -> str:
    """The source address."""
    client = scope.get("client")
    return client[0] if client else "local"


def _bearer(params: dict[str, Any]) -> str | None:
    """The token in a connection_init payload: `{"authorization": "Bearer ..."}`, any case."""
    for name, value in params.items():
        if name.lower() == "authorization" and isinstance(value, str):
            scheme, _, token = value.partition(" ")
            if scheme.lower() == "bearer" and token.strip():
                return token.strip()
    return None

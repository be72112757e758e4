"""The till: sends signed messages to one tenant's hook, and asks how far the server is."""

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from types import TracebackType
from typing import Any, Self

import httpx

from .errors import Refused
from .signing import signed_headers
from .tickets import Message

INTEGRATION = "till"


class Answer(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    KNOWN = "known"


class Unavailable(Exception):
    """The server can't take the request now; the same one may succeed later."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Status:
    """How far the server is with what this till sent."""

    received: int
    pending: int
    dead: int
    accepted: int
    quarantined: int
    events_behind: int
    p50: float | None
    """Seconds from a webhook's arrival to its points, the middle one."""
    p99: float | None

    @property
    def drained(self) -> bool:
        return self.pending == 0 and self.events_behind == 0

    @property
    def counts(self) -> tuple[int, ...]:
        """The numbers whose moving means progress; the percentiles may move by themselves."""
        return (
            self.received,
            self.pending,
            self.dead,
            self.accepted,
            self.quarantined,
            self.events_behind,
        )


class Till:
    """One till of one tenant. Use it as an async context manager."""

    def __init__(
        self,
        server: str,
        tenant: str,
        secret: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = f"{server}/t/{tenant}/hooks/{INTEGRATION}"
        self._secret = secret
        self._looks = count(1)
        # No proxy of the environment: the server is on this machine.
        self._http = httpx.AsyncClient(timeout=30, trust_env=False, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def send(self, message: Message) -> Answer:
        """One attempt. Raises `Unavailable` when another may help, `Refused` when none will."""
        answer = await self._request("POST", message.webhook_id, message.body)
        return Answer.ACCEPTED if answer.status_code == httpx.codes.ACCEPTED else Answer.KNOWN

    async def status(self) -> Status:
        """Ask how far the server is. Raises like `send`."""
        answer = await self._request("GET", f"look-{time.time_ns()}-{next(self._looks)}", b"")
        told = answer.json()
        messages, tickets, seconds = (
            told["messages"],
            told["tickets"],
            told["webhook_to_points_seconds"],
        )
        return Status(
            received=messages["received"],
            pending=messages["pending"],
            dead=messages["dead"],
            accepted=tickets["accepted"],
            quarantined=tickets["quarantined"],
            events_behind=told["events_behind"],
            p50=seconds["p50"],
            p99=seconds["p99"],
        )

    async def _request(self, method: str, webhook_id: str, body: bytes) -> httpx.Response:
        headers = signed_headers(self._secret, webhook_id, int(time.time()), body)
        headers["content-type"] = "application/json"
        try:
            answer = await self._http.request(method, self._url, content=body, headers=headers)
        except httpx.TransportError as error:
            raise Unavailable(f"no connection ({type(error).__name__})") from error
        if answer.status_code in (httpx.codes.OK, httpx.codes.ACCEPTED):
            return answer
        code, sentence = _refusal(answer)
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            wait = answer.headers.get("retry-after", "")
            raise Unavailable(
                f"{answer.status_code} {code}: {sentence}",
                retry_after=float(wait) if wait.isdecimal() else None,
            )
        raise Refused(webhook_id, answer.status_code, code, sentence)


def _refusal(answer: httpx.Response) -> tuple[str, str]:
    """The code and the sentence of an error answer; its first line when it isn't one of ours."""
    try:
        error: Any = answer.json()["error"]
        return str(error["code"]), str(error["message"])
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return "unknown", next(iter(answer.text.splitlines()), "(no text)")[:200]

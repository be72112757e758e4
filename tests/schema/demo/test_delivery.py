"""Delivery: every answer a server may give, against a server that keeps the rules of the hook."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from shuke_schema.demo.delivery import Delivered, Patience, deliver
from shuke_schema.demo.errors import ChildDied, NoProgress, Refused
from shuke_schema.demo.tickets import Message
from shuke_schema.demo.till import Status, Till

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
QUICK = Patience(without_progress=0.3, between_looks=0.01, first_retry=0.01)


class Hook:
    """A server in memory: checks each signature, works off `speed` messages at every look."""

    def __init__(self, speed: int = 1_000) -> None:
        self.speed = speed
        self.attempts: list[str] = []
        self.bodies: dict[str, bytes] = {}
        self.pending: list[str] = []
        self.most_pending = 0
        self.at_once = self.most_at_once = 0
        self.refusals: dict[str, list[httpx.Response | Exception]] = {}
        self.status_refusals: list[httpx.Response] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://shop.test/t/changpian/hooks/till"
        body = await request.aread()
        if request.method == "GET":
            assert body == b""
            self._verify_empty(request)
            return self.status_refusals.pop() if self.status_refusals else self._status()
        Webhook(SECRET).verify(body, dict(request.headers))
        return await self._receive(request.headers["webhook-id"], body)

    def _verify_empty(self, request: httpx.Request) -> None:
        """The reference package verifies only JSON, which an empty body isn't: compare instead."""
        sent = request.headers
        when = datetime.fromtimestamp(int(sent["webhook-timestamp"]), UTC)
        assert abs((datetime.now(UTC) - when).total_seconds()) < 5
        signature = Webhook(SECRET).sign(sent["webhook-id"], when, "")
        assert sent["webhook-signature"] == signature

    async def _receive(self, webhook_id: str, body: bytes) -> httpx.Response:
        self.attempts.append(webhook_id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.001)
        self.at_once -= 1
        if self.refusals.get(webhook_id):
            answer = self.refusals[webhook_id].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if webhook_id in self.bodies:
            assert self.bodies[webhook_id] == body
            return httpx.Response(200, json={})
        self.bodies[webhook_id] = body
        self.pending.append(webhook_id)
        self.most_pending = max(self.most_pending, len(self.pending))
        return httpx.Response(202, json={})

    def _status(self) -> httpx.Response:
        del self.pending[: self.speed]
        return httpx.Response(
            200,
            json={
                "messages": {
                    "received": len(self.bodies),
                    "pending": len(self.pending),
                    "dead": 0,
                },
                "tickets": {
                    "accepted": len(self.bodies) - len(self.pending),
                    "quarantined": 0,
                },
                "events_behind": 0,
                "webhook_to_points_seconds": {"p50": 0.1, "p99": None},
            },
        )

    async def deliver(
        self,
        outgoing: list[Message],
        patience: Patience = QUICK,
        watch: Callable[[Status | None], None] = lambda status: None,
    ) -> Delivered:
        transport = httpx.MockTransport(self)
        async with Till("http://shop.test", "changpian", SECRET, transport=transport) as till:
            return await deliver(till, outgoing, watch=watch, patience=patience)


def outgoing(count: int) -> list[Message]:
    return [
        Message(f"cdnow-test-{position:06d}", json.dumps({"n": position}).encode(), tickets=50)
        for position in range(count)
    ]


def error(status: int, code: str, headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"error": {"code": code, "message": f"That was {code}."}}
    return httpx.Response(status, json=body, headers=headers)


async def test_every_message_is_delivered_once_by_four_senders() -> None:
    hook, messages = Hook(), outgoing(30)

    delivered = await hook.deliver(messages)

    assert (delivered.accepted, delivered.known) == (30, 0)
    assert sorted(hook.attempts) == [message.webhook_id for message in messages]
    assert hook.bodies == {message.webhook_id: message.body for message in messages}
    assert hook.most_at_once <= 4
    assert delivered.status == Status(
        received=30,
        pending=0,
        dead=0,
        accepted=30,
        quarantined=0,
        events_behind=0,
        p50=0.1,
        p99=None,
    )


async def test_known_messages_are_counted_apart() -> None:
    hook, messages = Hook(), outgoing(6)
    await hook.deliver(messages[:4])

    delivered = await hook.deliver(messages)

    assert (delivered.accepted, delivered.known) == (2, 4)
    assert len(hook.bodies) == 6


@pytest.mark.parametrize(
    "trouble",
    [
        error(503, "OVERLOADED"),
        error(429, "TOO_MANY_REQUESTS", {"retry-after": "0"}),
        error(500, "INTERNAL"),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
    ],
    ids=["503", "429", "500", "502", "connect", "timeout"],
)
async def test_a_passing_trouble_is_retried_under_the_same_id(
    trouble: httpx.Response | Exception,
) -> None:
    hook, messages = Hook(), outgoing(3)
    hook.refusals["cdnow-test-000001"] = [trouble, trouble]

    delivered = await hook.deliver(messages)

    assert (delivered.accepted, delivered.known) == (3, 0)
    assert hook.attempts.count("cdnow-test-000001") == 3
    assert hook.attempts.count("cdnow-test-000000") == 1


@pytest.mark.slow
async def test_retry_after_is_honoured() -> None:
    hook = Hook()
    hook.refusals["cdnow-test-000000"] = [error(429, "TOO_MANY_REQUESTS", {"retry-after": "1"})]
    started = asyncio.get_running_loop().time()

    await hook.deliver(outgoing(1), Patience(5, 0.01, 0.01))

    assert 1.0 <= asyncio.get_running_loop().time() - started < 5


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "SIGNATURE"), (400, "BODY"), (404, "NO_SUCH_TENANT"), (413, "TOO_LARGE")],
)
async def test_a_refusal_stops_with_its_code_and_sentence(status: int, code: str) -> None:
    hook = Hook()
    hook.refusals["cdnow-test-000000"] = [error(status, code)]

    with pytest.raises(Refused) as refused:
        await hook.deliver(outgoing(200))

    assert str(refused.value) == (
        f"The server refused cdnow-test-000000 with {status} {code}: That was {code}."
    )
    assert (refused.value.status, refused.value.refusal) == (status, code)
    assert hook.attempts.count("cdnow-test-000000") == 1
    assert len(hook.attempts) < 10


async def test_a_refusal_that_is_not_json_is_quoted() -> None:
    hook = Hook()
    hook.refusals["cdnow-test-000000"] = [httpx.Response(404, text="Not Found\nmore")]

    with pytest.raises(Refused, match=r"404 unknown: Not Found$"):
        await hook.deliver(outgoing(1))


async def test_a_server_that_works_off_nothing_is_given_up() -> None:
    hook = Hook(speed=0)

    with pytest.raises(NoProgress, match=r"Nothing has moved for 0\.3 s: 3 messages pending"):
        await hook.deliver(outgoing(3))


async def test_a_server_that_cannot_be_reached_is_given_up_with_its_trouble() -> None:
    hook = Hook()
    hook.refusals["cdnow-test-000000"] = [error(503, "DOWN") for _ in range(1_000)]
    hook.status_refusals = [error(503, "DOWN") for _ in range(1_000)]

    with pytest.raises(NoProgress, match="503 DOWN: That was DOWN"):
        await hook.deliver(outgoing(1))


@pytest.mark.slow
async def test_a_slow_server_is_not_flooded() -> None:
    hook = Hook(speed=1)

    delivered = await hook.deliver(outgoing(120), Patience(5, 0.02, 0.01))  # drains 50 a second

    assert delivered.accepted == 120
    assert hook.most_pending <= 20  # aims at 8; a look is a moment old when it steers


@pytest.mark.slow
async def test_a_quick_server_is_not_kept_waiting() -> None:
    hook = Hook()
    started = asyncio.get_running_loop().time()

    await hook.deliver(outgoing(300), Patience(5, 0.02, 0.01))

    assert asyncio.get_running_loop().time() - started < 8  # at the first pace it would take 15


async def test_what_the_watcher_raises_ends_the_delivery() -> None:
    hook = Hook(speed=0)
    looks: Iterator[int] = iter(range(10))

    def watch(status: Status | None) -> None:
        if next(looks) == 2:
            raise ChildDied("shuke worker", "ended by itself", Path("worker.log"), "boom")

    with pytest.raises(ChildDied, match="shuke worker ended by itself"):
        await hook.deliver(outgoing(3), watch=watch)

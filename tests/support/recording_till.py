"""A till that records what it asks for and what it is told: the load of every fault run."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from time import monotonic, time
from typing import Any

import httpx
import orjson
from tests.support.history import Act, History, answer

from shuke_core.integrations.signatures import sign

# Of every phone the run uses this much is the same: nothing else that is printed looks like it.
CANARY = "1380013"
_PATIENCE = 60.0
_PAUSE = 0.02


@dataclass
class RecordingTill:
    """Sends signed messages to whichever web process answers, each until it is acknowledged."""

    urls: Sequence[str]
    slug: str
    secret: str
    chance: random.Random
    history: History = field(default_factory=History)
    sold: list[tuple[str, int]] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))
    turn: Any = field(default_factory=count)
    answers: list[str] = field(default_factory=list)
    parent: str | None = None

    def __post_init__(self) -> None:
        self.http = httpx.AsyncClient(trust_env=False, timeout=5)

    async def close(self) -> None:
        await self.http.aclose()

    def phone(self) -> str:
        return f"{CANARY}{self.chance.randrange(40):04}"

    def sale(self, yuan: int) -> dict[str, Any]:
        """A ticket worth a point a yuan."""
        return {
            "no": f"T{next(self.numbers):07}",
            "store": "S1",
            "at": datetime.now(UTC).isoformat(),
            "phone": self.phone(),
            "total": f"{yuan}.00",
        }

    async def sell(self, tickets: int = 1, *, once: bool = False) -> list[Act]:
        """One message of so many sales. With `once` it is not repeated when no answer comes."""
        bodies = [self.sale(self.chance.randrange(1, 100)) for _ in range(tickets)]
        acts = [
            self.history.ask("sale", b["no"], int(b["total"].partition(".")[0])) for b in bodies
        ]
        if await self._deliver(acts, bodies, once=once):
            self.sold += [(act.key, act.points) for act in acts]
        return acts

    async def take_back(self) -> None:
        """A refund of the whole of an acknowledged sale; each sale is refunded once at most."""
        if not self.sold:
            return
        number, points = self.sold.pop(self.chance.randrange(len(self.sold)))
        body = {
            "kind": "refund",
            "no": f"R{number[1:]}",
            "store": "S1",
            "at": datetime.now(UTC).isoformat(),
            "refunds": number,
            "total": f"{points}.00",
        }
        await self._deliver([self.history.ask("refund", body["no"], -points)], [body], once=False)

    async def forge(self) -> None:
        """A sale with a wrong signature: refused, and without effect."""
        body = self.sale(50)
        act = self.history.ask("forged sale", body["no"], 50)
        await self._deliver([act], [body], once=True, secret="whsec_" + "A" * 32)

    async def _deliver(
        self,
        acts: Sequence[Act],
        tickets: Sequence[dict[str, Any]],
        *,
        once: bool,
        secret: str | None = None,
    ) -> bool:
        """Whether it was acknowledged. The message keeps its id through all attempts."""
        body = orjson.dumps({"type": "tickets", "data": {"tickets": list(tickets)}})
        message_id, until = f"m-{acts[0].key}", monotonic() + _PATIENCE
        while monotonic() < until:
            for act in acts:
                act.attempts += 1
            status = await self._post(message_id, body, secret or self.secret)
            if status is not None and status < 500 and status != 429:
                for act in acts:
                    answer(act, acknowledged=status < 300)
                return status < 300
            if once:
                return False
            await asyncio.sleep(_PAUSE)
        raise AssertionError(f"{message_id} was not answered for {_PATIENCE} s")

    async def _post(self, message_id: str, body: bytes, secret: str) -> int | None:
        url = self.urls[next(self.turn) % len(self.urls)]
        now = int(time())
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(secret, message_id, now, body),
        }
        if self.parent is not None:
            headers["traceparent"] = self.parent
        with suppress(httpx.TransportError):
            said = await self.http.post(
                f"{url}/t/{self.slug}/hooks/till", content=body, headers=headers
            )
            if said.status_code >= 300:
                self.answers.append(said.text)
            return said.status_code
        return None

    async def load(self, stop: asyncio.Event, pause: float = 0.01) -> None:
        """Sells, mostly; some in bundles, some only once, some refunds, some forgeries."""
        while not stop.is_set():
            what = self.chance.random()
            if what < 0.70:
                await self.sell()
            elif what < 0.78:
                await self.sell(self.chance.randrange(2, 6))
            elif what < 0.86:
                await self.sell(once=True)
            elif what < 0.96:
                await self.take_back()
            else:
                await self.forge()
            await asyncio.sleep(pause)

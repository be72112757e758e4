"""A till for the suite: a tenant with customers who are members, its tickets, and its signed messages."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import orjson

from benchmarks.data import SEED, Shop, open_shop
from benchmarks.load import post
from benchmarks.servers import Stand
from shuke_core.events.queries import events_behind
from shuke_core.integrations.signatures import sign
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, fetch_one, unit_of_work
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, identify_members
from shuke_core.orders.services import NewLine, NewSale

CUSTOMERS = 500
CURRENCY = "CNY"
_LINES = (("6901234567892", "毛巾", 700), ("6900000000014", "牙刷", 550))
_PATIENCE_SECONDS = 60.0


class WorkerTooSlow(Exception):
    """What was sent has not become points within a minute: the worker stands still."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A member, and the phone that the till names them by."""

    phone: str
    member_id: UUID


class Till:
    """Makes sales of 12.50 yuan with two lines, each with a number of its own."""

    def __init__(self, shop: Shop, customers: Sequence[Customer]) -> None:
        self.shop = shop
        self._customers = customers
        self._numbers = count(1)
        self._draw = random.Random(SEED)  # noqa: S311

    def ticket(self) -> dict[str, Any]:
        """A sale as a till sends it."""
        return {
            "no": f"T{next(self._numbers):08}",
            "store": self._draw.choice(list(self.shop.stores)),
            "at": clock.now().isoformat(),
            "phone": self._draw.choice(self._customers).phone,
            "total": "12.50",
            "lines": [
                {"sku": sku, "name": name, "quantity": "1", "amount": f"{Decimal(fen) / 100:.2f}"}
                for sku, name, fen in _LINES
            ],
        }

    def sale(self) -> NewSale:
        """The same sale as the domain takes it: cleaned, its member and store found."""
        now = clock.now()
        return NewSale(
            store_id=self._draw.choice(list(self.shop.stores.values())),
            external_no=f"T{next(self._numbers):08}",
            business_day=now.date(),
            placed_at=now,
            received_at=now,
            member_id=self._draw.choice(self._customers).member_id,
            total_fen=sum(fen for _, _, fen in _LINES),
            lines=tuple(NewLine(sku, name, Decimal(1), fen) for sku, name, fen in _LINES),
        )

    def message(self, tickets: int) -> bytes:
        """A signed request with so many sales."""
        body = orjson.dumps(
            {"type": "tickets", "data": {"tickets": [self.ticket() for _ in range(tickets)]}}
        )
        name, moment = f"msg_{next(self._numbers)}", int(time.time())
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(self.shop.secret, name, moment, body),
        }
        return post(f"/t/{self.shop.slug}/hooks/till", headers, body)


async def open_till(here: Stand, number: int) -> Till:
    """A tenant of its own with five hundred members, entered as the product enters them."""
    shop = await open_shop(here, number, members=0)
    numbers = [f"138{n:08}" for n in range(1, CUSTOMERS + 1)]
    phones = [phone for phone in map(normalise_phone, numbers) if phone is not None]
    identities = [Identity.of_phone(phone) for phone in phones]
    async with unit_of_work(shop.tenant_id):
        members = await identify_members(identities)
    return Till(
        shop,
        [Customer(n, members[who]) for n, who in zip(numbers, identities, strict=True)],
    )


async def rated(shop: Shop) -> int:
    """How many of the tenant's orders have become points. Orders, not events: others come with them."""
    async with unit_of_work(shop.tenant_id):
        row = await fetch_one(
            "SELECT count(*) AS orders FROM ledger_entry WHERE tenant_id = $1 "
            "AND cause_type = 'order' AND kind = 'earn'"
        )
    return row["orders"] if row else 0


async def all_rated(shop: Shop, orders: int) -> None:
    """Waits until so many orders have their points; raises WorkerTooSlow."""
    until = time.perf_counter() + _PATIENCE_SECONDS
    while (reached := await rated(shop)) < orders:
        if time.perf_counter() > until:
            raise WorkerTooSlow(f"{reached} of {orders} orders were rated")
        await asyncio.sleep(0.01)


async def settled(shop: Shop) -> int:
    """Waits until nothing of the tenant is under way; returns how many orders have points then."""
    until = time.perf_counter() + _PATIENCE_SECONDS
    while True:
        async with unit_of_work(shop.tenant_id):
            behind = await events_behind()
        if not behind:
            return await rated(shop)
        if time.perf_counter() > until:
            raise WorkerTooSlow(f"{behind} events are under way")
        await asyncio.sleep(0.01)


async def seconds_to_points(shop: Shop, since: datetime) -> dict[str, float]:
    """For each ticket received since then, by its number: the seconds from webhook to points."""
    async with unit_of_work(shop.tenant_id):
        rows = await fetch(
            "SELECT o.external_no, extract(epoch FROM e.recorded_at - o.received_at)::float8 "
            "AS took FROM orders o JOIN ledger_entry e ON e.tenant_id = $1 AND e.cause_id = o.id "
            "AND e.cause_type = 'order' AND e.kind = 'earn' "
            "WHERE o.tenant_id = $1 AND o.received_at >= $2",
            since,
        )
    return {row["external_no"]: row["took"] for row in rows}

"""A tenant made for one test, with short ways to send tickets and to let the worker work."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import orjson

from shuke_core.app import DRAINS
from shuke_core.integrations.services import Received, add_integration, receive_message
from shuke_core.integrations.signatures import sign
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.ledger.verify import Verified, verify_ledger
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, find_members, identify_members, issue_token
from shuke_core.points.services import set_earning_rule
from shuke_core.runtime import Runtime
from shuke_core.staff.services import add_staff, issue_staff_token
from shuke_core.tenants.services import add_store, open_tenant, register_tenant

_numbers = count(1)
ALL_TOPICS = tuple(drain.topic for drain in DRAINS)


@dataclass(frozen=True)
class Shop:
    """A tenant with a till. Tickets are dicts as a till sends them."""

    tenant_id: UUID
    slug: str
    secret: str
    integration: str = "till"
    runtime: Runtime | None = field(default=None, repr=False)
    headers: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    def ticket(self, **fields: Any) -> dict[str, Any]:
        """A sale of 12.50 yuan at S1 an hour ago, by nobody; `fields` say otherwise."""
        return {
            "no": f"T{next(_numbers):06}",
            "store": "S1",
            "at": clock.now().isoformat(),
            "phone": None,
            "total": "12.50",
            **fields,
        }

    def refund(self, of: dict[str, Any], total: str, **fields: Any) -> dict[str, Any]:
        """A refund of a ticket."""
        return {
            "kind": "refund",
            "no": f"R{next(_numbers):06}",
            "store": of["store"],
            "at": clock.now().isoformat(),
            "refunds": of["no"],
            "total": total,
            **fields,
        }

    def message(
        self, tickets: Sequence[Any], message_id: str | None = None, at: datetime | None = None
    ) -> tuple[dict[str, str], bytes]:
        """The signed headers and the body of a message."""
        body = orjson.dumps({"type": "tickets", "data": {"tickets": list(tickets)}})
        message_id = message_id or f"msg_{secrets.token_hex(8)}"
        moment = int((at or clock.now()).timestamp())
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(moment),
            "webhook-signature": sign(self.secret, message_id, moment, body),
        }, body

    async def send(self, *tickets: Any, message_id: str | None = None) -> Received:
        """Puts one message with these tickets into the inbox."""
        headers, body = self.message(tickets, message_id)
        async with unit_of_work(self.tenant_id):
            return await receive_message(self.integration, headers, body)

    async def work(self, *topics: str) -> None:
        """Lets the worker's drains work for this tenant until none of them finds anything."""
        wanted = topics or ALL_TOPICS
        drains = [drain for drain in DRAINS if drain.topic in wanted]
        for _ in range(100):
            if not any([await drain.work(self.tenant_id) for drain in drains]):
                return
        raise AssertionError("the worker does not come to an end")

    async def sold(self, *tickets: Any) -> None:
        """Sends the tickets and works until their points are booked."""
        await self.send(*tickets)
        for _ in range(3):  # inbox, then relay, then reactions: each leaves work for the next
            await self.work()

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a statement of this tenant; `$1` is the tenant."""
        async with unit_of_work(self.tenant_id):
            return await fetch(sql, *values)

    async def member(self, phone: str) -> UUID:
        """The member of that phone, entered if new."""
        number = normalise_phone(phone)
        assert number is not None
        identity = Identity.of_phone(number)
        async with unit_of_work(self.tenant_id):
            return (await identify_members([identity]))[identity]

    async def login(self, phone: str) -> dict[str, str]:
        """HTTP headers of a member who has logged in."""
        if phone not in self.headers:
            member_id = await self.member(phone)
            async with unit_of_work(self.tenant_id):
                token = await issue_token(member_id)
            self.headers[phone] = {"authorization": f"Bearer {token}"}
        return self.headers[phone]

    async def staff_login(self, role: str = "admin") -> dict[str, str]:
        """HTTP headers of somebody of the staff in that role."""
        if role not in self.headers:
            async with unit_of_work(self.tenant_id):
                await add_staff(role, f"小{role}", role)
                token = await issue_staff_token(role)
            self.headers[role] = {"authorization": f"Bearer {token}"}
        return self.headers[role]

    async def knows(self, phone: str) -> bool:
        """Whether somebody with that phone is a member."""
        number = normalise_phone(phone)
        assert number is not None
        async with unit_of_work(self.tenant_id):
            return bool(await find_members([Identity.of_phone(number)]))

    async def verified(self) -> Verified:
        """What the ledger's checker says."""
        async with unit_of_work(self.tenant_id):
            return await verify_ledger()


async def open_shop(
    runtime: Runtime, *, points_per_yuan: Decimal, expires_after_days: int | None, till: bool = True
) -> Shop:
    """A new tenant with keys, a rule, stores S1 and S2, and a till; without one nothing has
    happened yet to it that would be an event."""
    slug = f"t-{secrets.token_hex(6)}"
    tenant_id, _ = await register_tenant(
        runtime.places.owner(), slug=slug, name="测试店", zone="Asia/Shanghai"
    )
    async with unit_of_work(tenant_id):
        await open_tenant()
        await set_earning_rule(points_per_yuan, expires_after_days)
        await add_store("S1", "一店")
        await add_store("S2", "二店")
        secret = await add_integration("till") if till else ""
    assert secret is not None
    return Shop(tenant_id, slug, secret, runtime=runtime)

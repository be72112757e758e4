"""People with passwords and second factors, and a clock that jumps from one code to the next."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from tests.support.shop import Shop

from shuke_core.audit.actors import Actor, act_as
from shuke_core.credentials import second_factor as factor
from shuke_core.credentials.totp import code_at, step_at
from shuke_core.idempotency.services import fingerprint
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one, unit_of_work
from shuke_core.staff.administration import invite
from shuke_core.staff.queries import id_of_handle
from shuke_core.staff.services import StaffCard, staff_of_token
from shuke_core.staff.sessions import open_session
from shuke_core.staff.sign_in import accept_invite
from shuke_core.stepup.operations import canonical
from shuke_core.stepup.services import LIFE

PASSWORD = "翻斗花园 7 quiet boats"
Result = TypeVar("Result")


class Jumps:
    """The clock of this process, ahead by as much as it was told to jump."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def by(self, **time: float) -> None:
        """Jumps ahead."""
        self.ahead += timedelta(**time)


@contextmanager
def jumping(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jumps]:
    """A clock that a test may let jump; it goes on by itself as well."""
    jumps = Jumps()
    monkeypatch.setattr(clock, "_read", lambda: datetime.now(UTC) + jumps.ahead)
    yield jumps


@dataclass
class Person:
    """Somebody of the staff who has signed in once, and their authenticator app."""

    shop: Shop
    id: UUID
    handle: str
    token: str
    secret: bytes
    jumps: Jumps

    @property
    def headers(self) -> dict[str, str]:
        """HTTP headers of their session."""
        return {"authorization": f"Bearer {self.token}"}

    def code(self) -> str:
        """A code that was not used before: of the next time step."""
        self.jumps.by(seconds=30)
        return code_at(self.secret, step_at(clock.now()))

    def wrong_code(self) -> str:
        """A code of no step that could be taken now."""
        taken = {code_at(self.secret, step_at(clock.now()) + each) for each in range(-2, 3)}
        return next(f"{each:06}" for each in range(1_000) if f"{each:06}" not in taken)

    async def ask(
        self, client: httpx.AsyncClient, document: str, **variables: Any
    ) -> dict[str, Any]:
        """The body that they are answered."""
        return await asked(client, self.shop, document, self.headers, **variables)

    async def mutate(self, client: httpx.AsyncClient, call: str, inner: str = "") -> Any:
        """The payload of one mutation; errors of the whole answer fail the test."""
        body = await self.ask(client, f"mutation {{ it: {call} {{ {inner} {ERRORS} }} }}")
        assert "errors" not in body, body["errors"]
        return body["data"]["it"]

    async def acts(self, act: Callable[[], Awaitable[Result]]) -> Result:
        """What comes of it when they do it, in a unit of its own."""
        async with unit_of_work(self.shop.tenant_id):
            act_as(Actor("staff", self.id, self.handle, "203.0.113.7"))
            return await act()

    async def card(self) -> StaffCard:
        """Who they are by their token now."""
        async with unit_of_work(self.shop.tenant_id):
            return await staff_of_token(self.token)


ERRORS = "errors { code message path }"


async def asked(
    client: httpx.AsyncClient,
    shop: Shop,
    document: str,
    headers: dict[str, str] | None = None,
    **variables: Any,
) -> dict[str, Any]:
    """The body of the staff API's answer."""
    answer = await client.post(
        f"/t/{shop.slug}/staff/graphql",
        json={"query": document, "variables": variables},
        headers=headers or {},
    )
    body: dict[str, Any] = answer.json()
    return body


def codes_of(payload: Any) -> list[str]:
    """The codes of a payload's errors."""
    return [each["code"] for each in payload["errors"]]


async def hired(shop: Shop, handle: str, role: str = "clerk", password: str = PASSWORD) -> UUID:
    """Somebody who was invited and has set a password; their id."""
    async with unit_of_work(shop.tenant_id):
        code = await invite(None, handle, f"小{handle}", role)
        await accept_invite(code.code, password)
        row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", handle)
    assert row is not None
    found: UUID = row["id"]
    return found


async def person(
    shop: Shop, jumps: Jumps, handle: str, role: str = "clerk", *, second_factor: bool = True
) -> Person:
    """Somebody hired, signed in, and with a second factor unless told otherwise."""
    staff_id = await hired(shop, handle, role)
    async with unit_of_work(shop.tenant_id):
        session = await open_session(staff_id, must_enrol=False)
        secret = await factor.begin_second_factor(staff_id) if second_factor else b""
        if second_factor:
            await factor.confirm_second_factor(staff_id, code_at(secret, step_at(clock.now())))
    return Person(shop, staff_id, handle, session.token, secret, jumps)


async def grant_for(staff_id: UUID, operation: str, arguments: dict[str, Any]) -> UUID:
    """A confirmed step-up, as if its code had been sent; in the unit at hand."""
    grant, now = new_id(), clock.now()
    await fetch(
        "INSERT INTO step_up (tenant_id, id, staff_id, operation, fingerprint, tries, asked_at, "
        "expires_at, confirmed_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $6)",
        *(grant, staff_id, operation, await fingerprint(canonical(arguments)), now),
        now + LIFE,
    )
    return grant


async def step_up_of(shop: Shop, handle: str, operation: str, arguments: dict[str, Any]) -> str:
    """A confirmed step-up of whoever has that handle; its id."""
    async with unit_of_work(shop.tenant_id):
        return str(await grant_for(await id_of_handle(handle), operation, arguments))


def compared(role: dict[str, Any]) -> dict[str, Any]:
    """A RoleInput as a step-up names it: enums in lower case, nothing left out."""
    grants = [
        {"permission": each["permission"], "scope": each.get("scope", "ALL").lower()}
        for each in role["grants"]
    ]
    classes = [each.lower() for each in role["fieldClasses"]]
    return {**role, "grants": grants, "fieldClasses": classes}


async def race(shop: Shop, times: int, act: Callable[[int], Awaitable[Result]]) -> list[Result]:
    """What comes of an act that is done so many times at once, each in a unit of its own."""

    async def one(nth: int) -> Result:
        async with unit_of_work(shop.tenant_id):
            return await act(nth)

    return list(await asyncio.gather(*(one(nth) for nth in range(times))))

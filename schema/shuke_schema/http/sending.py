"""What every door for files asks before it reads a byte: whose it is, how often, and who sends.

No unit is open while a body comes in: a client may be slow. So who sends is asked twice, before and
after; they may have been logged out meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.errors import TenantClosing
from shuke_core.tenants.queries import TenantCard, find_tenant
from shuke_schema.context import Context
from shuke_schema.http.answers import refusal
from shuke_schema.http.door import Door
from shuke_schema.http.errors import DeadlineExceeded
from shuke_schema.http.execution import Deadline
from shuke_schema.http.rates import Caller, Rates
from shuke_schema.http.request import bearer_of

# In units of cost: somebody may send twenty at once, and one each second after that.
UPLOAD_COST = 1_000

Endpoint = Callable[[Request], Awaitable[Response]]
Check = Callable[[Context], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sending:
    """Somebody who may send a file here, as was looked before anything of it is read."""

    door: Door
    check: Check
    tenant: TenantCard
    token: str | None
    request: Request

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Context]:
        """A unit of work of who sends, if they still may; within the deadline of requests."""
        async with Deadline(self.door.limits.deadline_seconds), unit_of_work(self.tenant.id):
            context = await self.door.identify(self.tenant, self.token)
            await self.check(context)
            yield context

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """So long the body may take. Raises DeadlineExceeded."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise DeadlineExceeded(seconds=f"{seconds:g}") from None


def sending_endpoint(
    door: Door, check: Check, rates: Rates, receive: Callable[[Sending], Awaitable[Response]]
) -> Endpoint:
    """The endpoint that `receive` reads the body of; `check` raises for who may not send."""

    async def begun(request: Request) -> Sending:
        tenant = await find_tenant(request.path_params["tenant"])
        if tenant.state == "closing":
            raise TenantClosing(slug=tenant.slug)
        token = bearer_of(request)
        await rates.take(caller_of(tenant, token, request), UPLOAD_COST, door.limits)
        sending = Sending(door, check, tenant, token, request)
        async with sending.unit():
            return sending

    async def endpoint(request: Request) -> Response:
        try:
            return await receive(await begun(request))
        except ShukeError as error:
            return refusal(error)

    return endpoint


def caller_of(tenant: TenantCard, token: str | None, request: Request) -> Caller:
    """Whose rates a request about files takes from."""
    return Caller(tenant.id, token, request.client.host if request.client else "local")

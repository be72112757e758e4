"""The app as a client sees it, without a socket in between."""

from collections.abc import AsyncIterator, Sequence
from unittest.mock import patch

import httpx
import pytest_asyncio
from starlette.types import ASGIApp
from tests.support.sockets import PATIENT_SECONDS

from shuke_core.runtime import Runtime
from shuke_schema import composition
from shuke_schema.asgi import create_app
from shuke_schema.http.rates import Rates
from shuke_schema.parts import Audience, Part

_composed: dict[
    tuple[Audience, tuple[int, ...]], tuple[Sequence[Part], composition.ComposedSchema]
] = {}


def _composed_once(audience: Audience, parts: Sequence[Part]) -> composition.ComposedSchema:
    key = audience, tuple(id(part) for part in parts)  # which stay alive beside the schema
    if key not in _composed:
        _composed[key] = parts, composition.ComposedSchema(audience, parts)
    return _composed[key][1]


def _app(rates: Rates | None = None) -> ASGIApp:
    """An app of a test's own, but for its schemas: a process composes those once, as it does when it
    serves. Composing them for each test took two fifths of the time of these tests."""
    with patch.object(composition, "compose", _composed_once):
        return create_app(rates=rates)


@pytest_asyncio.fixture
async def client(runtime: Runtime) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks HTTP with the app; faults come as answers, not as exceptions."""
    transport = httpx.ASGITransport(_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client


@pytest_asyncio.fixture
async def rates(runtime: Runtime) -> AsyncIterator[Rates]:
    """Counts in Valkey; tests have tenants of their own, so they never share a bucket."""
    rates = Rates(runtime.places.redis_url, PATIENT_SECONDS)
    yield rates
    await rates.close()


@pytest_asyncio.fixture
async def guarded_client(runtime: Runtime, rates: Rates) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks HTTP with an app whose guarded fields can be answered."""
    transport = httpx.ASGITransport(_app(rates), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client

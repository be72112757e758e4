"""Real PostgreSQL and Valkey for every test, one database a test worker, the network off."""

import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import settings as hypothesis_settings
from tests.support.scratch import migrated_copy
from tests.support.shop import Shop, open_shop
from tests.support.wechat import Phones, simulated_wechat

from shuke_core.database.roles import APP, OWNER
from shuke_core.embedded import EmbeddedServers
from shuke_core.places import Places
from shuke_core.runtime import Runtime, connected
from shuke_core.settings import current_settings

hypothesis_settings.register_profile("shuke", deadline=None)
hypothesis_settings.load_profile("shuke")

# Read once a process, so before any test can ask; the embedded servers of the tests are their own.
os.environ["SHUKE_ENV"] = "test"
os.environ["SHUKE_HOSTS"] = "shuke,shuke.example"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="race and fault runs at full length")


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether race and fault runs go on for long."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture(scope="session", autouse=True)
def network_is_off() -> Iterator[None]:
    """Any address but this machine's own refuses, with the test's stack in the error."""
    connect: Callable[[socket.socket, Any], None] = socket.socket.connect

    def only_here(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)

    socket.socket.connect = only_here  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign, assignment]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def servers(testrun_uid: str) -> Iterator[EmbeddedServers]:
    """The servers of this test run; all its workers join the same, the last one stops them."""
    home = Path(tempfile.gettempdir()).resolve() / f"shuke-tests-{testrun_uid}"
    home.mkdir(mode=0o711, exist_ok=True)
    joined = EmbeddedServers.join(home, durable=False)
    yield joined
    joined.leave()
    if not joined.postgres.is_ready():
        shutil.rmtree(home, ignore_errors=True)


@pytest_asyncio.fixture(scope="session")
async def places(servers: EmbeddedServers, worker_id: str) -> Places:
    """A migrated database of this test worker's own."""
    name = f"shuke_{worker_id}"
    await migrated_copy(servers, name)
    return Places(
        servers.dsn(user=APP, database=name),
        servers.dsn(user=OWNER, database=name),
        servers.redis_url,
        servers.admin_dsn,
    )


@pytest_asyncio.fixture(scope="session")
async def runtime(
    places: Places, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runtime]:
    """The process in running order, connected as the app role."""
    settings = current_settings().model_copy(
        update={"home": tmp_path_factory.mktemp("home"), "pool_size": 16}
    )
    async with connected(settings, places) as running:
        yield running


@pytest_asyncio.fixture
async def shop(runtime: Runtime) -> Shop:
    """A tenant of this test's own: one point a yuan for 365 days, stores S1 and S2, a till."""
    return await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365)


@pytest_asyncio.fixture
async def other_shop(runtime: Runtime) -> Shop:
    """A second tenant, which nothing of the first may reach."""
    return await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=365)


@pytest_asyncio.fixture
async def phones(runtime: Runtime) -> AsyncIterator[Phones]:
    """A simulated WeChat of this test's own, and the phones that use it."""
    async with simulated_wechat() as phones:
        yield phones

"""Every malformed frame closes with the specified code, and leaves no trace in the log."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import orjson
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from tests.schema.live.probes import INIT, PROBES, Probe, text
from tests.schema.live.raw import CLOSE, opened
from tests.support.shop import Shop, open_shop
from tests.support.sockets import Stage, open_stage

from shuke_core.runtime import Runtime
from shuke_schema.live.limits import LiveLimits
from shuke_schema.live.protocol import Close, Code, parse


@pytest_asyncio.fixture(scope="module")
async def probed(runtime: Runtime) -> AsyncIterator[tuple[Stage, Shop, dict[str, str]]]:
    """One stage for all probes: what one of them breaks, the next would show."""
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=None)
    headers = await shop.login("138 0013 8000")
    async with open_stage(runtime, LiveLimits(init_seconds=0.5)) as stage:
        yield stage, shop, headers
        assert await stage.is_empty()
    assert stage.troubles == []


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
async def test_each_probe_is_closed_with_its_code(
    probed: tuple[Stage, Shop, dict[str, str]], probe: Probe
) -> None:
    stage, shop, headers = probed
    init = text({"type": "connection_init", "payload": headers})
    path = f"/t/{shop.slug}/member/graphql"
    async with asyncio.timeout(10), opened(stage.port, path, probe.protocol) as (status, raw):
        assert status == 101
        for each in probe.frames:
            raw.write(init if each == INIT else bytes(each))  # type: ignore[arg-type]
        if probe.code:
            assert await raw.close_code() == probe.code
            return
        raw.write(text({"type": "ping", "payload": {}}))
        if INIT not in probe.frames:
            assert orjson.loads((await raw.read())[1]) == {"type": "pong"}
            return
        kinds: list[str] = []
        while not kinds or kinds[-1] != "pong" or "connection_ack" not in kinds:
            opcode, said = await raw.read()
            assert opcode != CLOSE
            kinds.append(orjson.loads(said)["type"])
    assert stage.troubles == []


def test_there_are_sixty_probes_and_more() -> None:
    assert len({probe.name for probe in PROBES}) == len(PROBES) >= 60
    assert {probe.code for probe in PROBES} >= {
        *(1002, 1007, 1009, 4400, 4401, 4403, 4406, 4409, 4429)
    }


async def test_who_does_not_say_who_they_are_is_closed(
    probed: tuple[Stage, Shop, dict[str, str]],
) -> None:
    stage, shop, _ = probed
    async with opened(stage.port, f"/t/{shop.slug}/member/graphql") as (_, raw):
        assert await raw.close_code() == Code.INIT_TIMEOUT


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/t/nobody/member/graphql", [], 404),
        ("/t/{slug}/member/other", [], 403),
        ("/t/{slug}/member/graphql", ["Host: evil.example"], 421),
        ("/t/{slug}/member/graphql", ["Origin: https://evil.example"], 403),
        ("/t/{slug}/member/graphql", ["Origin: null"], 403),
        ("/t/{slug}/member/graphql", ["Origin: file://127.0.0.1"], 403),
        ("/t/{slug}/member/graphql", ["Origin: http://[::1"], 403),
        ("/t/{slug}/member/graphql", ["Origin: http://127.0.0.1", "Origin: http://shuke"], 400),
        ("/t/{slug}/member/graphql", ["Origin: http://127.0.0.1:8200"], 101),
    ],
)
async def test_a_handshake_is_refused_by_its_status(
    probed: tuple[Stage, Shop, dict[str, str]], path: str, headers: list[str], status: int
) -> None:
    stage, shop, _ = probed
    where = path.format(slug=shop.slug)
    async with opened(stage.port, where, "graphql-transport-ws", *headers) as (found, _):
        assert found == status


def code_of(text: str) -> int | None:
    """The code that a frame closes with; None for a message."""
    try:
        parse(text)
    except Close as close:
        return close.code
    return None


@pytest.mark.slow
@given(st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.text("aé", max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["type", "id", "payload", "query", "subscribe", "ping"]), inner),
))  # fmt: skip
def test_no_json_does_more_than_close(value: object) -> None:
    assert code_of(orjson.dumps(value).decode()) in (None, Code.BAD_REQUEST)


@given(st.text())
def test_no_text_does_more_than_close(text: str) -> None:
    assert code_of(text) in (None, Code.BAD_REQUEST)

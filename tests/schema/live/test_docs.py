"""The page on live updates says what is so: its documents, its client, its limits and codes."""

import asyncio
import re
from typing import Any

from graphql import build_schema, parse, validate
from tests.contracts.house import ROOT, quoted, section, table_rows
from tests.support.moving import move
from tests.support.shop import Shop
from tests.support.sockets import Stage

from shuke_schema.composition import compose
from shuke_schema.http.door import graphql_schema
from shuke_schema.live.limits import FRAME_BYTES, RECENT, RING, LiveLimits
from shuke_schema.live.protocol import Code
from shuke_schema.live.updates import sources_of
from shuke_schema.parts import Audience

PAGE = (ROOT / "docs" / "live.md").read_text(encoding="utf-8")


def _marked(kind: str) -> str:
    found = re.search(rf"<!-- tested: {kind} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_every_field_is_listed_with_its_permission() -> None:
    listed = {
        (row[0], quoted(row[1])[0], quoted(row[3])[0] if quoted(row[3]) else "oneself")
        for row in table_rows(section(PAGE, "## What there is to hear"))
        if quoted(row[1])
    }
    there = set()
    for audience in Audience:
        schema = compose(audience, [])
        for field in sources_of(schema):
            demand = schema.demands["Subscription", field]
            there.add((audience.value, field, demand.permission))
    assert listed == there


def test_the_document_fits_the_schema() -> None:
    schema = build_schema(compose(Audience.MEMBER, []).as_str())
    assert validate(schema, parse(_marked("live-member"))) == []
    assert graphql_schema(compose(Audience.MEMBER, [])).subscription_type is not None


def test_the_codes_are_those_there_are() -> None:
    listed = {int(row[0]) for row in table_rows(section(PAGE, "## Closes and errors"))[2:]}
    assert listed == {int(code) for code in Code} | {1009, 1012}  # these two are the server's


def test_the_limits_are_those_there_are() -> None:
    limits = LiveLimits()
    rows = {row[0]: row[1] for row in table_rows(section(PAGE, "## Limits"))}
    assert rows["sockets of one person and process"] == str(limits.of_caller)
    assert rows["operations of a socket"] == str(limits.operations)
    assert rows["frame"] == f"{FRAME_BYTES // 1024} KiB"
    assert rows["messages of a socket"] == (
        f"{limits.messages.burst} at once, {limits.messages.per_second:g} a second"
    )
    assert rows["answers that wait to be read"].startswith(f"{limits.unread},")
    assert rows["updates kept for who reads slowly"].startswith(f"{RING:,} a group")
    assert f"{RING:,} own updates, {RECENT:,} items" in rows["how far back a client may resume"]
    assert rows["time to say who is there"] == f"{limits.init_seconds:g} s"
    assert f"within {limits.confirmed_seconds:g} s" in rows["a revoked token closes"]


async def test_the_python_client_follows(stage: Stage, shop: Shop) -> None:
    names: dict[str, Any] = {}
    exec(_marked("live-python"), names)  # noqa: S102 (our own page)
    token = (await shop.login("138 0013 8000"))["authorization"].removeprefix("Bearer ")
    changes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    gaps: list[None] = []
    following = asyncio.create_task(
        names["follow"](stage.address(shop), token, changes.put_nowait, lambda: gaps.append(None))
    )
    try:
        async with asyncio.timeout(10):
            while not stage.hub.groups:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.2)
            await move(shop, await shop.member("138 0013 8000"), [5])
            assert await changes.get() == {"kind": "EARN", "points": 5}
        assert gaps == []
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

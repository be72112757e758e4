"""The npm client graphql-ws as an outside judge: it connects, hears, and resumes after a restart."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from tests.support.moving import move
from tests.support.node import NODE, node_folder
from tests.support.shop import Shop
from tests.support.sockets import open_stage

from shuke_core.runtime import Runtime

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PHONE = "138 0013 8000"


async def test_the_npm_client_hears_and_resumes(runtime: Runtime, shop: Shop) -> None:
    folder = await asyncio.to_thread(node_folder, Path(__file__).with_name("judge"))
    headers, member_id = await shop.login(PHONE), await shop.member(PHONE)
    async with open_stage(runtime) as stage:
        port = stage.port
        judge = await asyncio.create_subprocess_exec(
            NODE, "follow.mjs", stage.address(shop), headers["authorization"],
            cwd=folder, stdin=PIPE, stdout=PIPE,
        )  # fmt: skip
        assert judge.stdout is not None

        async def line() -> Any:
            async with asyncio.timeout(20):
                return json.loads(await judge.stdout.readline())  # type: ignore[union-attr]

        assert await line() == {"connected": True}
        assert await line() == {"gap": False, "points": None}
        await move(shop, member_id, [1, 2])
        assert [await line(), await line()] == [
            {"gap": False, "points": 1}, {"gap": False, "points": 2}]  # fmt: skip
    try:
        assert await line() == {"closed": 1012}
        await move(shop, member_id, [3])
        async with open_stage(runtime, port=port) as stage:
            while (told := await line()) == {"closed": 1006}:
                pass  # an attempt that came before we were there again
            assert told == {"connected": True}
            await move(shop, member_id, [4])
            said = [await line() for _ in range(3)]
            assert said == [
                {"gap": False, "points": None},
                {"gap": False, "points": 3},
                {"gap": False, "points": 4},
            ]
    finally:
        judge.stdin.close()  # type: ignore[union-attr]
        await asyncio.wait_for(judge.wait(), 10)

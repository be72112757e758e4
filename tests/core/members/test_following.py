"""Who is held is who they are now, also where that changes while they are waited for."""

import asyncio
from collections.abc import Mapping
from contextvars import copy_context
from uuid import UUID

import asyncpg
import pytest
from tests.core.wechat.people import visitor
from tests.support.shop import Shop

from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.following import hold_members
from shuke_core.members.visitors import absorb_visitor


async def test_who_becomes_another_while_they_are_waited_for_is_held_as_that_one(
    shop: Shop,
) -> None:
    member, guest = await shop.member("13800138000"), await visitor(shop)
    holding, may_end = asyncio.Event(), asyncio.Event()

    async def holds() -> Mapping[UUID, UUID]:
        async with unit_of_work(shop.tenant_id):
            held = await hold_members([guest])
            holding.set()
            await may_end.wait()
            return held

    outside = copy_context()
    async with unit_of_work(shop.tenant_id):
        await absorb_visitor(guest, member)
        task = asyncio.create_task(holds(), context=outside)
        await asyncio.sleep(0.2)
        assert not holding.is_set()  # it waits for the visitor
    await asyncio.wait_for(holding.wait(), 5)
    with pytest.raises(asyncpg.LockNotAvailableError):
        async with unit_of_work(shop.tenant_id):
            await fetch(
                "SELECT id FROM member WHERE tenant_id = $1 AND id = $2 FOR UPDATE NOWAIT", member
            )
    may_end.set()
    assert await task == {guest: member}

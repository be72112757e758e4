"""Due tenants are found as dispatch, served in turns, and one that fails holds up no other."""

from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.kit.transactions import dispatch_work
from shuke_core.worker import drains
from shuke_core.worker.drains import Drain, drain_topic, due_tenants


async def _due() -> list[UUID]:
    async with dispatch_work():
        return await due_tenants("inbox", "q.state = 'pending' AND q.due_at <= now()")


async def test_only_tenants_with_due_rows_are_found(shop: Shop, other_shop: Shop) -> None:
    await shop.send(shop.ticket())
    found = await _due()
    assert shop.tenant_id in found
    assert other_shop.tenant_id not in found
    assert len(found) == len(set(found))
    await shop.work("inbox")
    assert shop.tenant_id not in await _due()


async def test_a_tenant_with_a_flood_does_not_hold_up_another(shop: Shop, other_shop: Shop) -> None:
    served: list[UUID] = []
    waiting = {shop.tenant_id: 5, other_shop.tenant_id: 1}

    async def due() -> list[UUID]:
        return [tenant for tenant, rows in waiting.items() if rows]

    async def work(tenant_id: UUID) -> bool:
        served.append(tenant_id)
        waiting[tenant_id] -= 1
        return waiting[tenant_id] > 0

    assert await drain_topic(Drain("test", due, work)) == 6
    assert other_shop.tenant_id in served[:2]


@pytest.mark.usefixtures("runtime")
async def test_a_tenant_that_fails_is_left_alone_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def all_of_them(tenants: list[UUID]) -> list[UUID]:
        return tenants

    monkeypatch.setattr(drains, "_at_work", all_of_them)
    good, bad = UUID(int=1), UUID(int=2)
    waiting = {good: 3, bad: 3}

    async def due() -> list[UUID]:
        return [tenant for tenant, rows in waiting.items() if rows]

    async def work(tenant_id: UUID) -> bool:
        if tenant_id == bad:
            raise RuntimeError("always")
        waiting[tenant_id] -= 1
        return True

    assert await drain_topic(Drain("test", due, work)) == 3
    assert waiting == {good: 0, bad: 3}

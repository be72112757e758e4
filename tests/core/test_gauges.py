"""The gauges tell what waits and what is dead, and the sampler finds a planted difference."""

from contextlib import suppress

import asyncpg
import pytest
from prometheus_client import REGISTRY
from tests.support.scratch import connection_to
from tests.support.shop import Shop

from shuke_core import gauges
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.ledger.verify import verify_ledger
from shuke_core.runtime import Runtime


def _told(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_what_waits_and_is_dead_is_told_with_its_age(shop: Shop) -> None:
    await gauges.read_queues()
    before = _told("shuke_waiting", kind="messages"), _told("shuke_dead", kind="messages")
    for _ in range(2):
        await shop.send(shop.ticket())
    await shop.rows(
        "UPDATE inbox SET due_at = now() - interval '1 day', state = CASE WHEN id = (SELECT id "
        "FROM inbox WHERE tenant_id = $1 ORDER BY id LIMIT 1) THEN 'dead' ELSE state END "
        "WHERE tenant_id = $1 RETURNING id"
    )
    await gauges.read_queues()
    after = _told("shuke_waiting", kind="messages"), _told("shuke_dead", kind="messages")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)
    assert _told("shuke_inbox_lag_seconds") >= 86_400
    await shop.work("inbox")
    await gauges.read_queues()
    assert _told("shuke_outbox_oldest_seconds") > 0
    await shop.rows("UPDATE inbox SET state = 'done' WHERE tenant_id = $1 RETURNING id")


async def test_a_sample_of_accounts_agrees_and_a_planted_difference_is_found(
    shop: Shop, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.sold(shop.ticket(phone="13800138000"), shop.ticket(phone="13800138001"))

    async def only_this() -> list[object]:
        return [type("Card", (), {"id": shop.tenant_id})]

    monkeypatch.setattr(gauges, "all_tenants", only_this)
    assert await gauges.sample_ledger() == 0
    differences = _told("shuke_ledger_differences_total")
    (account,) = await shop.rows("SELECT id FROM ledger_account WHERE tenant_id = $1 LIMIT 1")
    async with connection_to(runtime.places.owner()) as owner, owner.transaction():
        await owner.execute("SELECT set_config('shuke.tenant_id', $1, true)", str(shop.tenant_id))
        await owner.execute(
            "UPDATE ledger_account SET available = available + 1 WHERE id = $1", account["id"]
        )
    assert await gauges.sample_ledger() > 0
    assert _told("shuke_ledger_differences_total") > differences
    async with unit_of_work(shop.tenant_id):
        (other,) = await fetch(
            "SELECT id FROM ledger_account WHERE tenant_id = $1 AND id <> $2", account["id"]
        )
        assert (await verify_ledger([other["id"]])).differences == 0
        assert (await verify_ledger([account["id"]])).accounts == 1


async def test_a_statement_that_row_security_refuses_is_counted(shop: Shop) -> None:
    before = _told("shuke_row_security_denials_total")
    with suppress(asyncpg.InsufficientPrivilegeError):
        async with unit_of_work(shop.tenant_id):
            await fetch(
                "INSERT INTO relay (tenant_id, id, position) SELECT $2, $2, 0 "
                "WHERE $1::uuid IS NOT NULL",
                new_id(),
            )
    assert _told("shuke_row_security_denials_total") == before + 1


async def test_waiting_for_a_connection_is_observed(shop: Shop) -> None:
    before = _told("shuke_pool_wait_seconds_count")
    async with unit_of_work(shop.tenant_id):
        pass
    assert _told("shuke_pool_wait_seconds_count") > before

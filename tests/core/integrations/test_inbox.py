"""The inbox under leases: nothing lost, nothing twice, poison alone, payloads forgotten in time."""

from datetime import timedelta
from typing import Any

import pytest
from tests.support.shop import Shop

from shuke_core.integrations import inbox
from shuke_core.integrations import rows as rows_of_messages
from shuke_core.integrations.inbox import (
    ATTEMPTS,
    CLAIMS,
    drain_inbox,
    forget_payloads,
    redrive_dead_messages,
)
from shuke_core.integrations.intake import take_in
from shuke_core.kit import clock
from shuke_core.kit.faults import DatabaseAway
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.worker.leases import Lease


def a_lease() -> Lease:
    return Lease(inbox.LEASED, new_id())


async def _states(shop: Shop) -> list[str]:
    rows = await shop.rows("SELECT state FROM inbox WHERE tenant_id = $1 ORDER BY id")
    return [row["state"] for row in rows]


async def _lease_over(shop: Shop) -> None:
    await shop.rows("UPDATE inbox SET due_at = now() WHERE tenant_id = $1 RETURNING id")


async def _orders(shop: Shop) -> int:
    return len(await shop.rows("SELECT id FROM orders WHERE tenant_id = $1"))


async def test_one_bad_ticket_does_not_hold_up_the_rest_of_its_batch(shop: Shop) -> None:
    await shop.send(shop.ticket(), shop.ticket(total="viel"), shop.ticket())
    await shop.work("inbox")
    rows = await shop.rows("SELECT accepted, quarantined, state FROM inbox WHERE tenant_id = $1")
    assert rows == [{"accepted": 2, "quarantined": 1, "state": "done"}]
    assert await _orders(shop) == 2


async def test_a_worker_that_died_after_its_claim_leaves_the_message_to_the_next(
    shop: Shop,
) -> None:
    await shop.send(shop.ticket())
    async with unit_of_work(shop.tenant_id):
        await inbox._claim(a_lease())
    assert await drain_inbox(shop.tenant_id) is False  # the lease still runs
    await _lease_over(shop)
    assert await drain_inbox(shop.tenant_id) is True
    assert await _orders(shop) == 1


async def test_a_worker_that_lost_its_lease_does_nothing(shop: Shop) -> None:
    await shop.send(shop.ticket())
    slow, quick = a_lease(), a_lease()
    async with unit_of_work(shop.tenant_id):
        mine = await inbox._claim(slow)
    await _lease_over(shop)
    async with unit_of_work(shop.tenant_id):
        await inbox._claim(quick)
    async with unit_of_work(shop.tenant_id):
        assert await slow.holds([message.id for message in mine]) is False
        assert await quick.holds([message.id for message in mine]) is True


async def test_a_poisoned_message_is_dead_after_five_attempts_and_its_neighbours_are_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def poisoned(source: str, tickets: Any) -> Any:
        if any(ticket.body["no"] == "POISON" for ticket in tickets):
            raise RuntimeError("poisoned")
        return await take_in(source, tickets)

    monkeypatch.setattr(rows_of_messages, "take_in", poisoned)
    for ticket in (shop.ticket(), shop.ticket(no="POISON"), shop.ticket()):
        await shop.send(ticket)
    for _ in range(12):
        await _lease_over(shop)
        await drain_inbox(shop.tenant_id)
    assert await _states(shop) == ["done", "dead", "done"]
    rows = await shop.rows("SELECT reason FROM inbox WHERE tenant_id = $1 AND state = 'dead'")
    assert rows == [{"reason": "RuntimeError: poisoned"}]
    monkeypatch.setattr(rows_of_messages, "take_in", take_in)
    async with unit_of_work(shop.tenant_id):
        assert await redrive_dead_messages() == 1
    await drain_inbox(shop.tenant_id)
    assert await _states(shop) == ["done", "done", "done"]
    assert await _orders(shop) == 3


async def test_what_messages_said_is_forgotten_after_thirty_days(shop: Shop) -> None:
    await shop.send(shop.ticket(phone="138****8000"))
    await shop.work("inbox")
    async with unit_of_work(shop.tenant_id):
        assert await forget_payloads() is False
    with clock.held_at(clock.now() + timedelta(days=31)):
        async with unit_of_work(shop.tenant_id):
            assert await forget_payloads() is True
        async with unit_of_work(shop.tenant_id):
            assert await forget_payloads() is False
    left = await shop.rows(
        "SELECT m.sealed AS message, q.sealed AS ticket, q.state FROM inbox m "
        "JOIN quarantined_ticket q ON q.tenant_id = m.tenant_id WHERE m.tenant_id = $1"
    )
    assert left == [{"message": None, "ticket": None, "state": "discarded"}]


async def test_a_message_that_still_waits_is_not_forgotten(shop: Shop) -> None:
    await shop.send(shop.ticket())
    with clock.held_at(clock.now() + timedelta(days=31)):
        async with unit_of_work(shop.tenant_id):
            assert await forget_payloads() is False


async def test_an_outage_is_not_counted_against_the_message(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(source: str, tickets: Any) -> Any:
        raise DatabaseAway("gone")

    await shop.send(shop.ticket())
    monkeypatch.setattr(rows_of_messages, "take_in", away)
    for _ in range(ATTEMPTS + 1):
        await _lease_over(shop)
        with pytest.raises(DatabaseAway):
            await drain_inbox(shop.tenant_id)
    rows = await shop.rows("SELECT state, attempt FROM inbox WHERE tenant_id = $1")
    assert rows == [{"state": "pending", "attempt": 0}]


async def test_a_message_that_kills_its_worker_again_and_again_is_dead(shop: Shop) -> None:
    await shop.send(shop.ticket())
    for _ in range(CLAIMS + 1):
        await _lease_over(shop)
        async with unit_of_work(shop.tenant_id):
            await inbox._claim(a_lease())  # and then the process is gone
    rows = await shop.rows("SELECT state, reason FROM inbox WHERE tenant_id = $1")
    assert rows[0]["state"] == "dead"
    assert "a worker that dies of it" in rows[0]["reason"]


async def test_a_batch_ends_at_half_a_megabyte_and_a_larger_message_comes_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await shop.send(shop.ticket())
    monkeypatch.setattr(inbox, "BATCH_BYTES", 1)
    for left in (2, 1, 0):
        async with unit_of_work(shop.tenant_id):
            assert len(await inbox._claim(a_lease())) == 1
        rows = await shop.rows("SELECT id FROM inbox WHERE tenant_id = $1 AND claims = 0")
        assert len(rows) == left

"""The same message, or the same ticket in many messages, at once: one order, points once."""

import asyncio

import pytest
from tests.support.shop import Shop

from shuke_core.events.reactions import run_reactions
from shuke_core.events.relay import stamp_events
from shuke_core.integrations import inbox

PHONE = "138 0013 8000"
KEPT = """
SELECT (SELECT count(*) FROM inbox WHERE tenant_id = $1) AS messages,
       (SELECT sum(accepted) FROM inbox WHERE tenant_id = $1)::int AS accepted,
       (SELECT sum(known) FROM inbox WHERE tenant_id = $1)::int AS known,
       (SELECT count(*) FROM orders WHERE tenant_id = $1) AS orders,
       (SELECT count(*) FROM ledger_entry WHERE tenant_id = $1) AS entries,
       (SELECT sum(available)::int FROM ledger_account WHERE tenant_id = $1) AS points
"""


async def test_a_message_sent_ten_times_at_once_is_kept_once(shop: Shop) -> None:
    ticket = shop.ticket(phone=PHONE)
    received = await asyncio.gather(*(shop.send(ticket, message_id="msg_once") for _ in range(10)))
    assert sorted(answer.known for answer in received) == [False] + [True] * 9
    await shop.sold(ticket)  # and once more in a message of its own
    assert await shop.rows(KEPT) == [
        {"messages": 2, "accepted": 1, "known": 1, "orders": 1, "entries": 1, "points": 12}
    ]


@pytest.mark.slow
async def test_a_ticket_in_ten_messages_is_sold_once_by_four_drains(
    shop: Shop, soak: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BATCH", 2)  # so that every drain holds messages at once
    tickets = 40 if soak else 3
    for _ in range(tickets):
        ticket = shop.ticket(phone=PHONE, total="12.50")
        await asyncio.gather(*(shop.send(ticket) for _ in range(10)))
        await asyncio.gather(*(_drained(shop) for _ in range(4)))
    await shop.work()
    assert await shop.rows(KEPT) == [
        {
            "messages": 10 * tickets,
            "accepted": tickets,
            "known": 9 * tickets,
            "orders": tickets,
            "entries": tickets,
            "points": 12 * tickets,
        }
    ]
    assert (await shop.verified()).found == ()


async def _drained(shop: Shop) -> None:
    while await inbox.drain_inbox(shop.tenant_id):
        pass
    await stamp_events(shop.tenant_id)
    await run_reactions(shop.tenant_id)

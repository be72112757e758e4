"""Dead messages, dead and parked events: listed with their reasons, for this tenant only."""

from tests.support.shop import Shop

from shuke_core.events.queries import failed_events
from shuke_core.integrations.queries import dead_messages
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work

_PARK = (
    "INSERT INTO parked_event (tenant_id, id, reaction, position, entity, state, attempt, due_at, "
    "reason, parked_at) VALUES ($1, $2, 'points.earn', $3, 'order:1', $4, $5, 'infinity', $6, now())"
)


async def test_dead_messages_are_listed_with_their_reasons(shop: Shop, other_shop: Shop) -> None:
    await shop.send(shop.ticket(), message_id="m-dead")
    await shop.send(shop.ticket(), message_id="m-fine")
    async with unit_of_work(shop.tenant_id):
        await fetch(
            "UPDATE inbox SET state = 'dead', attempt = 5, reason = 'KeyError: x' "
            "WHERE tenant_id = $1 AND message_id = 'm-dead'"
        )
        (message,) = await dead_messages()
    assert (message.integration, message.message_id) == ("till", "m-dead")
    assert (message.attempt, message.reason) == (5, "KeyError: x")
    async with unit_of_work(other_shop.tenant_id):
        assert await dead_messages() == []


async def test_dead_events_come_before_parked_ones_and_done_ones_are_left_out(
    shop: Shop, other_shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        await fetch(_PARK, new_id(), 2, "parked", 1, "waits for an earlier event of its entity")
        await fetch(_PARK, new_id(), 1, "dead", 8, "ValueError: y")
        await fetch(_PARK, new_id(), 3, "done", 2, "z")
        found = await failed_events()
    assert [(e.position, e.state, e.attempt, e.reason) for e in found] == [
        (1, "dead", 8, "ValueError: y"),
        (2, "parked", 1, "waits for an earlier event of its entity"),
    ]
    assert {(e.reaction, e.entity) for e in found} == {("points.earn", "order:1")}
    async with unit_of_work(other_shop.tenant_id):
        assert await failed_events() == []

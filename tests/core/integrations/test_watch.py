"""A quarantine that grows is an alert for operators, until it is worked off."""

from tests.support.follow_up import act, settle
from tests.support.shop import Shop

from shuke_core.integrations.quarantine import discard
from shuke_core.integrations.watch import MANY


async def alerts(shop: Shop) -> list[tuple[str, str, bool]]:
    rows = await shop.rows(
        "SELECT role, subject, resolved_at IS NULL AS stands FROM alert WHERE tenant_id = $1"
    )
    return [(row["role"], row["subject"], row["stands"]) for row in rows]


async def test_many_waiting_tickets_are_one_alert_and_fewer_are_none(shop: Shop) -> None:
    await shop.send(*(shop.ticket(store="S9") for _ in range(MANY - 1)))
    await settle(shop)
    assert await alerts(shop) == []
    await shop.send(*(shop.ticket(store="S9") for _ in range(3)))
    await settle(shop)
    assert await alerts(shop) == [("operator", "integration:till", True)]
    waiting = await shop.rows("SELECT id FROM quarantined_ticket WHERE tenant_id = $1")
    for row in waiting[:2]:
        await act(shop, lambda ticket=row["id"]: discard(ticket))  # type: ignore[misc]
    await settle(shop)
    assert await alerts(shop) == [("operator", "integration:till", True)]
    await act(shop, lambda: discard(waiting[2]["id"]))
    await settle(shop)
    assert await alerts(shop) == [("operator", "integration:till", False)]

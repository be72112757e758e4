"""Staff hear of the catalogue as it changes: of their own acts, and once a batch of what comes in."""

from tests.core.catalog.shelf import act
from tests.support.shop import Shop
from tests.support.sockets import Stage, client_of

from shuke_core.catalog.services import take_items
from shuke_core.catalog.told import ToldItem
from shuke_core.catalog.tree import create_category

CHANGES = "subscription { catalogChanged { gap change { kind via ids } } }"


async def test_it_is_told_once_a_batch_and_to_this_tenant_alone(
    stage: Stage, shop: Shop, other_shop: Shop
) -> None:
    mine, others = await shop.staff_login("clerk"), await other_shop.staff_login("clerk")
    async with (
        client_of(stage.address(shop, "staff"), mine) as client,
        client_of(stage.address(other_shop, "staff"), others) as other,
    ):
        for each in (client, other):
            await each.subscribe(CHANGES)
        drinks = await act(shop, lambda: create_category("饮品"))
        told = [ToldItem(f"C{n}", "x", ("饮品",), n) for n in range(30)]
        await act(shop, lambda: take_items(told, "erp"))
        for tenant in (shop, other_shop):
            await tenant.work()
        rows = await shop.rows("SELECT id FROM item WHERE tenant_id = $1")
        changes = [(await client.update())["change"] for _ in range(2)]
        assert changes[0] == {"kind": "CATEGORIES", "via": "staff", "ids": [str(drinks)]}
        assert changes[1]["kind"] == "ITEMS"
        assert changes[1]["via"] == "erp"
        assert sorted(changes[1]["ids"]) == sorted(str(row["id"]) for row in rows)
        assert await other.is_silent()

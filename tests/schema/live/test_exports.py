"""Whoever asked for an export hears what becomes of it, and nobody else."""

from tests.support.exports import asked_export, staff_id_of
from tests.support.shop import Shop
from tests.support.sockets import Stage, client_of

from shuke_core.kit.transactions import unit_of_work

CHANGES = (
    "subscription ($after: String) { myExportsChanged(after: $after) { cursor gap change { "
    "kind export { state rows columns } } } }"
)


async def test_it_is_told_to_its_asker_alone(stage: Stage, shop: Shop) -> None:
    await shop.member("13800138000")
    mine, others = await shop.staff_login("operator"), await shop.staff_login("admin")
    address = stage.address(shop, "staff")
    async with client_of(address, mine) as client, client_of(address, others) as other:
        for each in (client, other):
            await each.subscribe(CHANGES)
        async with unit_of_work(shop.tenant_id):
            await asked_export(await staff_id_of("operator"))
        for _ in range(3):
            await shop.work()
        told = [(await client.update())["change"] for _ in range(2)]
        assert [each["kind"] for each in told] == ["REQUESTED", "READY"]
        assert told[1]["export"] == {"state": "READY", "rows": 1, "columns": ["cardNo"]}
        assert await other.is_silent()

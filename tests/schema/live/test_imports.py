"""Staff hear how imports come along: once a batch, with the counts of that moment."""

import pytest
from tests.support.imports import imported
from tests.support.shop import Shop
from tests.support.sockets import Stage, client_of

from shuke_core.imports import reading

CHANGES = """
subscription {
  importsChanged { gap change { kind rows refused bytesRead fileImport { state kind rows } } }
}
"""


async def test_every_batch_is_told_to_whoever_may_import(
    stage: Stage, shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ROWS", 2)
    mine, others = await shop.staff_login("operator"), await other_shop.staff_login("operator")
    async with (
        client_of(stage.address(shop, "staff"), mine) as client,
        client_of(stage.address(other_shop, "staff"), others) as other,
    ):
        for each in (client, other):
            await each.subscribe(CHANGES)
        text = "code,name,price\n" + "".join(f"A{n},x,{n - 1}\n" for n in range(3))
        await imported(shop, text.encode())
        await imported(shop, b"name,price\nx,1\n")
        for tenant in (shop, other_shop):
            await tenant.work()
        told = [(await client.update())["change"] for _ in range(6)]
        done = {"state": "DONE", "kind": "items", "rows": 3}
        failed = {"state": "FAILED", "kind": "items", "rows": 0}
        assert [
            (each["kind"], each["rows"], each["refused"], each["bytesRead"], each["fileImport"])
            for each in told
        ] == [
            ("REQUESTED", 0, 0, 0, done),
            ("PROGRESSED", 2, 1, 31, done),
            ("PROGRESSED", 3, 1, 38, done),
            ("DONE", 3, 1, 38, done),
            ("REQUESTED", 0, 0, 0, failed),
            ("FAILED", 0, 0, 0, failed),
        ]
        assert await other.is_silent()

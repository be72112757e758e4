"""Many claim one order at once; beside it a wrong way, which the same race finds."""

import pytest
from tests.support.accounts import race
from tests.support.shop import Shop

from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.orders import claims
from shuke_core.orders.claims import claim_order
from shuke_core.orders.errors import OrderClaimed

CLAIMERS = 10


async def _won(shop: Shop, code: str) -> tuple[int, int]:
    """How many were told that the order is theirs, and how many points there are of it then."""
    await shop.sold(shop.ticket(receipt=code, total="12.50"))
    members = [await shop.member(f"138001380{nth:02}") for nth in range(CLAIMERS)]
    before = await _points(shop)

    async def one(nth: int) -> bool:
        try:
            await claim_order(members[nth], code)
        except OrderClaimed:
            return False
        return True

    won = sum(await race(shop, CLAIMERS, one))
    for _ in range(3):
        await shop.work()
    return won, await _points(shop) - before


async def _points(shop: Shop) -> int:
    rows = await shop.rows("SELECT id FROM member WHERE tenant_id = $1")
    async with unit_of_work(shop.tenant_id):
        return sum([(await balance_of(row["id"])).available for row in rows])


async def test_one_of_many_claimers_has_the_order(shop: Shop, soak: bool) -> None:
    for nth in range(50 if soak else 5):
        assert await _won(shop, f"RECEIPT-{nth:06}") == (1, 12)
    assert (await shop.verified()).found == ()


async def test_the_race_finds_an_order_that_is_looked_at_without_a_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_OF_RECEIPT", claims._OF_RECEIPT.replace("FOR UPDATE", ""))
    tell = claims._tell

    async def slowly(*order: object) -> None:
        await fetch("SELECT pg_sleep(0.02), $1::uuid")
        await tell(*order)  # type: ignore[arg-type]

    monkeypatch.setattr(claims, "_tell", slowly)
    won = [(await _won(shop, f"RECEIPT-{nth:06}"))[0] for nth in range(3)]
    assert max(won) > 1

"""How many statements a batch of tickets costs: a fixed number, whoever is in it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support.shop import Shop

from shuke_core.integrations.intake import Fate, RawTicket, take_in
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.keyring import tenant_keys

RECEIVED = datetime(2026, 3, 1, 12, tzinfo=UTC)
# The tenant, its stores, its plugins, who is known, what they lack, the sales, refunds that wait.
OF_KNOWN = 7
# Who was erased, and the newcomers themselves.
MORE_OF_NEWCOMERS = 2


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of units of work, besides BEGIN and COMMIT."""
    made: list[str] = []
    fetch = UnitConnection.fetch

    async def noted(self: UnitConnection, sql: str, *values: object) -> Any:
        made.append(sql)
        return await fetch(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "fetch", noted)
    return made


async def _take_in(shop: Shop, asked: list[str], *phones: str) -> int:
    tickets = [RawTicket(shop.ticket(phone=phone), RECEIVED) for phone in phones]
    async with unit_of_work(shop.tenant_id):
        await tenant_keys()
        asked.clear()
        assert await take_in("till", tickets) == [Fate.ACCEPTED] * len(tickets)
        return len(asked)


async def test_newcomers_cost_two_statements_more_than_people_who_are_known(
    shop: Shop, asked: list[str]
) -> None:
    few = [f"1380013800{n}" for n in range(3)]
    many = [f"137001370{n:02}" for n in range(20)]
    assert await _take_in(shop, asked, *few) == OF_KNOWN + MORE_OF_NEWCOMERS
    assert await _take_in(shop, asked, *many) == OF_KNOWN + MORE_OF_NEWCOMERS
    assert await _take_in(shop, asked, *few, *many) == OF_KNOWN
    members = await shop.rows("SELECT id FROM member WHERE tenant_id = $1")
    assert len(members) == 23

"""Audiences of many campaigns are asked in one statement, and as each alone is decided in memory."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from tests.core.campaigns.offers import WOMEN
from tests.support.shop import Shop

from shuke_core.campaigns import audiences
from shuke_core.campaigns.audiences import audiences_with, is_for
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import unit_of_work
from shuke_core.rules.errors import RuleFactsTooMany

DOCUMENTS: tuple[Any, ...] = (
    WOMEN,
    {"not": WOMEN},
    {"field": "member.gender", "op": "in", "value": ["male", "female"]},
    {"field": "member.birthday", "op": "lt", "value": "2000-01-01"},
    {"field": "member.birthday", "op": "missing"},
    {"field": "member.points", "op": "gte", "value": 10},
    {"all": [WOMEN, {"facts": "member.orders", "measure": "count", "op": "gte", "value": 2}]},
    {"facts": "member.orders", "measure": "sum", "of": "order.total", "op": "gt", "value": 1500},
    {"field": "moment.month", "op": "between", "value": {"from": 1, "to": 12}},
    {"field": "gone.word", "op": "eq", "value": 1},
)


async def test_many_at_once_are_as_each_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    phones = [f"1380013800{n}" for n in range(4)]
    for phone, totals in zip(phones, (["9"], ["9", "9"], [], ["20"]), strict=True):
        await shop.member(phone)
        if totals:
            await shop.sold(*(shop.ticket(phone=phone, total=f"{each}.00") for each in totals))
    members = [await shop.member(phone) for phone in phones]
    for member, gender, birthday in zip(
        members,
        ("female", "female", "male", None),
        (date(1990, 1, 1), None, date(2010, 1, 1), date(1999, 12, 31)),
        strict=True,
    ):
        await shop.rows(
            "UPDATE member SET gender = $3, birthday = $4 WHERE tenant_id = $1 AND id = $2",
            *(member, gender, birthday),
        )
    asked = {uuid4(): document for document in DOCUMENTS}
    found = []
    for member in members:
        async with unit_of_work(shop.tenant_id):
            alone = [await is_for(member, document) for document in DOCUMENTS]
            together = await audiences_with(member, asked)
        assert [key in together for key in asked] == alone
        found.append(alone)
    for nth in range(len(DOCUMENTS) - 2):  # each tells these four apart
        assert len({each[nth] for each in found}) == 2, DOCUMENTS[nth]

    async def too_many(*_: object) -> None:
        raise RuleFactsTooMany(most=1)

    monkeypatch.setattr(audiences, "rows_for", too_many)
    async with unit_of_work(shop.tenant_id):
        again = [await is_for(members[1], document) for document in DOCUMENTS]
    assert again == found[1]


async def test_it_is_one_statement_however_many_there_are(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, sent = await shop.member("13800138000"), []
    fetch = UnitConnection.fetch

    async def noted(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        sent.append(sql)
        return await fetch(self, sql, *values)

    async with unit_of_work(shop.tenant_id):
        await audiences_with(member, {uuid4(): WOMEN})  # the tenant and its plugins are known now
        monkeypatch.setattr(UnitConnection, "fetch", noted)
        await audiences_with(member, {uuid4(): each for each in DOCUMENTS * 10})
    assert len([sql for sql in sent if "holds_0" in sql]) == 1
    assert [sql for sql in sent if "holds_0" not in sql and "FROM tenant" not in sql] == []

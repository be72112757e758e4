"""The document of a member's data: every holding with its labels, their own rows, nobody else's."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from tests.core.personal_data.people import everybody, rows_of
from tests.support.full_tenants import full_tenant
from tests.support.shop import Shop

from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.holdings import declared_holdings
from shuke_core.members.services import rename_member
from shuke_core.personal_data.document import document_of
from shuke_core.runtime import Runtime

PHONE, OTHERS = "13800138000", "13700137000"


async def _document(shop: Shop, member_id: UUID) -> dict[str, Any]:
    async with unit_of_work(shop.tenant_id):
        return await document_of(member_id)


def _rows(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    (found,) = [each for each in document["holdings"] if each["key"] == key]
    rows: list[dict[str, Any]] = found["rows"]
    return rows


async def test_it_has_every_holding_with_labels_and_opens_what_is_sealed(runtime: Runtime) -> None:
    tenant = await full_tenant(runtime)
    handles = tenant.handles
    document = await _document(tenant.shop, handles.member_id)
    ids = await everybody(tenant.shop, handles.member_id)
    assert [each["key"] for each in document["holdings"]] == list(declared_holdings())
    for each in document["holdings"]:
        assert each["label"]["zh"]
        assert each["label"]["en"]
        if "withheld" not in each:
            column = declared_holdings()[each["key"]].member
            held = await rows_of(tenant.shop, each["key"], column, ids)
            assert len(each["rows"]) == held, each["key"]
    assert document["merchant"] == "测试店"
    assert document["profile"]["name"] == handles.name
    assert f"+86{handles.phone}" in {each["value"] for each in _rows(document, "member_identity")}
    (order,) = _rows(document, "orders")
    assert (order["totalFen"], order["lines"][0]["name"]) == (10000, "茶")
    (correction,) = [each for each in _rows(document, "rights_request") if each["note"]]
    assert correction["note"] == "生日写错了"
    assert orjson.dumps(document)


async def test_rows_of_who_was_merged_are_theirs_and_nobody_elses_are(shop: Shop) -> None:
    await shop.sold(
        shop.ticket(phone=PHONE, no="A"),
        shop.ticket(phone="13600136000", no="B"),
        shop.ticket(phone=OTHERS, no="C"),
    )
    member_id, merged = await shop.member(PHONE), await shop.member("13600136000")
    other = await shop.member(OTHERS)
    async with unit_of_work(shop.tenant_id):
        await rename_member(merged, "旧名")
        await rename_member(other, "别人")
    await shop.rows(
        "UPDATE member SET state = 'merged', merged_into_id = $3 WHERE tenant_id = $1 AND id = $2 "
        "RETURNING id",
        *(merged, member_id),
    )
    document = await _document(shop, member_id)
    assert [each["number"] for each in _rows(document, "orders")] == ["A", "B"]
    assert {each["value"] for each in _rows(document, "member_identity")} == {
        f"+86{PHONE}",
        "+8613600136000",
    }
    assert [each["name"] for each in document["mergedProfiles"]] == ["旧名"]
    told = orjson.dumps(document).decode()
    for foreign in (OTHERS, "别人", str(other), '"C"'):
        assert foreign not in told


async def test_of_whom_there_is_nothing_there_is_no_document(shop: Shop) -> None:
    member_id, merged = await shop.member(PHONE), await shop.member(OTHERS)
    await shop.rows(
        "UPDATE member SET state = 'merged', merged_into_id = $3 WHERE tenant_id = $1 AND id = $2 "
        "RETURNING id",
        *(merged, member_id),
    )
    for nobody in (new_id(), merged):
        with pytest.raises(MemberUnknown):
            await _document(shop, nobody)


async def test_a_holding_takes_one_statement_however_many_rows(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.sold(*(shop.ticket(phone=PHONE) for _ in range(12)))
    member_id = await shop.member(PHONE)
    said: list[str] = []
    inner = UnitConnection.fetch

    async def counting(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        said.append(sql)
        return await inner(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "fetch", counting)
    document = await _document(shop, member_id)
    assert len(_rows(document, "orders")) == 12
    assert len([sql for sql in said if 'FROM "orders" this' in sql]) == 1
    shown = [each for each in declared_holdings().values() if each.shows or each.opens]
    assert len([sql for sql in said if " this WHERE this.tenant_id" in sql]) == len(shown)

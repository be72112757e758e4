"""Exports: as their asker sees them, with a step-up, fetched by a link that is good once."""

import csv
import io
from typing import Any

import httpx
import pytest
from tests.schema.staff.test_step_up import granted
from tests.support.accounts import Jumps, Person, codes_of, person
from tests.support.shop import Shop

from shuke_core.exports import writing
from shuke_core.exports.services import take_link
from shuke_core.files.errors import FileUnknown
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_schema.http.exports import _chunks

REASON = "月度回访名单"
REQUEST = """
mutation ($kind: String!, $columns: [String!]!, $filters: JSON, $reason: String!, $stepUp: ID) {
  it: requestExport(kind: $kind, columns: $columns, filters: $filters, reason: $reason,
                    stepUp: $stepUp) {
    export { id state rows columns filters asker { handle } reason }
    errors { code message path }
  }
}
"""
MINE = "{ myExports { edges { node { id state failure rows downloads filters } } } }"


async def request(
    me: Person, client: httpx.AsyncClient, columns: list[str], **filters: Any
) -> dict[str, Any]:
    """The payload of a request with a step-up for it."""
    given = {"kind": "members", "columns": columns, "filters": filters, "reason": REASON}
    key = "exports.reveal" if "phone" in columns else "exports.request"
    step_up = await granted(me, client, key, given)
    body = await me.ask(client, REQUEST, **given, stepUp=step_up)
    found: dict[str, Any] = body["data"]["it"]
    return found


async def link(me: Person, client: httpx.AsyncClient, export_id: str) -> str:
    """Where the export can be fetched."""
    made = await me.mutate(client, f'exportLink(id: "{export_id}")', "link { path expiresAt }")
    assert codes_of(made) == []
    return str(made["link"]["path"])


async def exported(
    me: Person, client: httpx.AsyncClient, columns: list[str], **filters: Any
) -> list[list[str]]:
    """The lines of an export that was asked for, written and fetched."""
    asked = await request(me, client, columns, **filters)
    assert asked["errors"] == [], asked
    await me.shop.work("exports")
    answer = await client.get(await link(me, client, asked["export"]["id"]))
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def mine(me: Person, client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """One's own exports, the newest first."""
    page = (await me.ask(client, MINE))["data"]["myExports"]
    return [edge["node"] for edge in page["edges"]]


async def test_from_the_request_to_the_file(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client = guarded_client
    await shop.sold(
        shop.ticket(phone="13800138000", name="王小明"),
        shop.ticket(phone="13900139000", name="=1+1", store="S2"),
    )
    boss = await person(shop, jumps, "boss", "admin")
    asked = await request(boss, client, ["name", "phone", "cardNo", "storeCode"], namePrefix="王")
    export = asked["export"]
    assert export == {
        "id": export["id"],
        "state": "QUEUED",
        "rows": 0,
        "columns": ["name", "phone", "cardNo", "storeCode"],
        "filters": {"namePrefix": "***"},
        "asker": {"handle": "boss"},
        "reason": REASON,
    }
    refused = await boss.mutate(client, f'exportLink(id: "{export["id"]}")')
    assert codes_of(refused) == ["EXPORT_NOT_READY"]
    await shop.work("exports")
    (row,) = await mine(boss, client)
    assert (row["state"], row["rows"], row["downloads"]) == ("READY", 1, 0)
    path = await link(boss, client, export["id"])
    answer = await client.get(path)
    (member,) = await shop.rows(
        "SELECT card_no FROM member WHERE tenant_id = $1 AND name = '王小明'"
    )
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[:2] == [
        ["姓名", "手机号", "会员卡号", "门店编码"],
        ["王小明", "13800138000", f"'{member['card_no']}", "S1"],
    ]
    (mark,) = lines[2]
    assert mark.startswith("导出人 小boss (boss) · 20")
    assert mark.endswith(f" +0800 · {export['id']} · 1 行")
    assert len(lines) == 3
    headers = answer.headers
    assert headers["content-type"] == "text/csv; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert int(headers["content-length"]) == len(answer.content)
    local = clock.now().strftime("%Y")
    assert headers["content-disposition"].startswith(f'attachment; filename="members-{local}')
    assert headers["content-disposition"].endswith(f'-boss-{export["id"]}.csv"')
    again = await client.get(path)
    assert (again.status_code, again.json()["error"]["code"]) == (404, "EXPORT_LINK_INVALID")
    assert [row["downloads"] for row in await mine(boss, client)] == [1]
    acts = await shop.rows(
        "SELECT act, actor_kind, reason FROM audit_entry WHERE tenant_id = $1 "
        "AND act LIKE 'export.%' ORDER BY recorded_at, id"
    )
    assert [(row["act"], row["actor_kind"], row["reason"]) for row in acts] == [
        ("export.requested", "staff", REASON),
        ("export.written", "system", ""),
        ("export.link_made", "staff", ""),
        ("export.downloaded", "staff", ""),
    ]


async def test_each_sees_in_a_file_what_they_see_in_the_api(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client = guarded_client
    await shop.sold(shop.ticket(phone="13800138000", name="王小明"))
    operator = await person(shop, jumps, "op", "operator")
    lines = await exported(operator, client, ["name", "maskedPhone", "advisor"])
    assert lines[1] == ["王**", "138****8000", ""]

    async def codes(columns: list[str], **filters: Any) -> list[str]:
        given = {"kind": "members", "columns": columns, "filters": filters, "reason": REASON}
        return codes_of((await operator.ask(client, REQUEST, **given))["data"]["it"])

    assert await codes(["phone"]) == ["EXPORT_NOT_PERMITTED"]
    assert await codes(["cardNo"], namePrefix="王") == ["EXPORT_NOT_PERMITTED"]
    assert await codes(["cardNo"], store="S9") == ["EXPORT_FILTERS_INVALID"]
    assert await codes(["cardNo"], shoe=1) == ["EXPORT_FILTERS_INVALID"]
    for columns in ([], ["cardNo", "cardNo"], ["secret"]):
        assert await codes(columns) == ["EXPORT_COLUMNS_INVALID"]
    assert await codes(["cardNo"]) == ["STEP_UP_REQUIRED"]
    assert await codes(["cardNo"], unassigned=True) == ["STEP_UP_REQUIRED"]


async def test_only_a_get_of_the_right_tenant_uses_a_link_up(
    guarded_client: httpx.AsyncClient, shop: Shop, other_shop: Shop, jumps: Jumps
) -> None:
    client, me = guarded_client, await person(shop, jumps, "boss", "admin")
    asked = await request(me, client, ["cardNo"])
    await shop.work("exports")
    path = await link(me, client, asked["export"]["id"])
    refused = await client.head(path)
    assert refused.status_code == 405
    answers = [
        await client.get(wrong)
        for wrong in (
            path.replace(shop.slug, other_shop.slug),
            path[:-1] + ("A" if path[-1] != "A" else "B"),
            f"/t/{shop.slug}/exports/x",
        )
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, answers[0].content)
    }
    assert (await client.get(path)).status_code == 200
    assert (await client.get(path)).content == answers[0].content


async def test_a_file_that_is_revoked_while_it_is_read_ends_in_the_middle(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROWS", 1)
    client, me = guarded_client, await person(shop, jumps, "boss", "admin")
    for number in range(3):
        await shop.member(f"1380013800{number}")
    asked = await request(me, client, ["maskedPhone"])
    await shop.work("exports")
    token = (await link(me, client, asked["export"]["id"])).rpartition("/")[2]
    async with unit_of_work(shop.tenant_id):
        card = await take_link(token, "", "")
    chunks = _chunks(shop.tenant_id, card)
    assert b"138****8002" in await anext(chunks)
    await me.mutate(client, f'revokeExport(id: "{asked["export"]["id"]}")')
    with pytest.raises(FileUnknown):
        await anext(chunks)


async def test_others_exports_are_seen_and_revoked_with_a_permission_of_its_own(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client = guarded_client
    boss = await person(shop, jumps, "boss", "admin")
    operator = await person(shop, jumps, "op", "operator")
    own = (await request(boss, client, ["cardNo"]))["export"]["id"]
    others = (await request(operator, client, ["cardNo"]))["export"]["id"]
    everybodys = "{ exports { edges { node { id asker { handle } } } } }"
    denied = await operator.ask(client, everybodys)
    assert denied["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"
    assert codes_of(await operator.mutate(client, f'revokeExport(id: "{own}")')) == [
        "EXPORT_UNKNOWN"
    ]
    page = (await boss.ask(client, everybodys))["data"]["exports"]
    assert [edge["node"]["asker"]["handle"] for edge in page["edges"]] == ["op", "boss"]
    assert codes_of(await boss.mutate(client, f'revokeExport(id: "{others}")')) == []
    assert [row["state"] for row in await mine(operator, client)] == ["REVOKED"]
    assert [row["state"] for row in await mine(boss, client)] == ["QUEUED"]


async def test_kinds_tell_what_each_column_needs(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    boss = await person(shop, jumps, "boss", "admin")
    asked = (
        "{ exportKinds { key label(language: EN) permission filters "
        "columns { key label needs fieldClass isMasked } } }"
    )
    (kind,) = (await boss.ask(guarded_client, asked))["data"]["exportKinds"]
    assert (kind["key"], kind["label"], kind["permission"]) == (
        "members",
        "Members",
        "members.read",
    )
    assert kind["filters"] == ["namePrefix", "store", "unassigned"]
    columns = {each["key"]: each for each in kind["columns"]}
    assert columns["phone"] == {
        "key": "phone",
        "label": "手机号",
        "needs": "members.reveal_phone",
        "fieldClass": "CONTACT",
        "isMasked": False,
    }
    assert [key for key, each in columns.items() if each["isMasked"]] == ["name"]

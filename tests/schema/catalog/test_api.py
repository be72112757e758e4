"""The catalogue through both APIs: members see what is on sale, staff everything, page by page."""

import io
from typing import Any

import httpx
import pytest
from tests.core.catalog.shelf import act, items_of
from tests.schema.staff.staff import ask as ask_api
from tests.schema.staff.staff import code_of, data
from tests.support.reading import page_of, told_staff
from tests.support.shop import Shop
from tests.support.statements import as_any_read

from shuke_core.catalog.rules import ItemState
from shuke_core.catalog.services import create_item, take_items
from shuke_core.catalog.told import ToldItem
from shuke_core.catalog.tree import create_category
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import unit_of_work
from shuke_schema.http import lists

SHOP = """
query ($category: ID, $first: Int! = 2, $after: String) {
  items(categoryId: $category, first: $first, after: $after) {
    edges { node { code name priceFen currency state category { name fullName } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
TREE = "{ categories { name place children { name parent { name } children { fullName } } } }"


async def _shelves(shop: Shop) -> dict[str, str]:
    """Two drinks and a bag on sale, one drink off sale; the categories' ids by name."""
    told = [
        ToldItem("T-1", "龙井", ("饮品", "茶"), 12_800),
        ToldItem("W-1", "黄酒", ("饮品", "酒"), 3_000),
        ToldItem("W-2", "白酒", ("饮品", "酒"), 9_000, ItemState.OFF_SALE),
        ToldItem("B-1", "袋", ("杂货",), 20),
        ToldItem("D-1", "草稿", None, 1, ItemState.DRAFT),
        ToldItem("T-2", "普洱", ("饮品", "茶", "熟茶"), 9_900),
    ]
    for item in told:  # one after another: the newest is the last
        await act(shop, lambda item=item: take_items([item], "erp"))  # type: ignore[misc]
    rows = await shop.rows("SELECT id, name FROM category WHERE tenant_id = $1")
    return {row["name"]: str(row["id"]) for row in rows}


async def _codes(shop: Shop, **variables: Any) -> list[str]:
    """All pages of what a visitor is shown."""
    codes: list[str] = []
    while True:
        async with unit_of_work(shop.tenant_id):
            page = (await page_of(None, SHOP, **variables))["items"]
        codes += [edge["node"]["code"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return codes
        variables["after"] = page["pageInfo"]["endCursor"]


async def test_members_see_what_is_on_sale_newest_first(shop: Shop, other_shop: Shop) -> None:
    ids = await _shelves(shop)
    await _shelves(other_shop)
    assert await _codes(shop) == ["T-2", "B-1", "W-1", "T-1"]
    assert await _codes(shop, category=ids["饮品"]) == ["T-2", "W-1", "T-1"]
    assert await _codes(shop, category=ids["茶"], first=1) == ["T-2", "T-1"]
    assert await _codes(shop, category=ids["酒"]) == ["W-1"]
    assert await _codes(shop, category="x") == []
    for foreign in (await _shelves(other_shop)).values():
        assert await _codes(shop, category=foreign) == []


async def test_an_item_says_what_it_is(shop: Shop) -> None:
    ids = await _shelves(shop)
    async with unit_of_work(shop.tenant_id):
        page = await page_of(None, SHOP, category=ids["熟茶"])
    assert [edge["node"] for edge in page["items"]["edges"]] == [
        {
            "code": "T-2",
            "name": "普洱",
            "priceFen": 9_900,
            "currency": "CNY",
            "state": "ON_SALE",
            "category": {"name": "熟茶", "fullName": "饮品 / 茶 / 熟茶"},
        }
    ]


async def test_the_tree_comes_in_its_order(shop: Shop) -> None:
    await _shelves(shop)
    async with unit_of_work(shop.tenant_id):
        told = await page_of(None, TREE)
    assert told["categories"] == [
        {
            "name": "饮品",
            "place": 1,
            "children": [
                {
                    "name": "茶",
                    "parent": {"name": "饮品"},
                    "children": [{"fullName": "饮品 / 茶 / 熟茶"}],
                },
                {"name": "酒", "parent": {"name": "饮品"}, "children": []},
            ],
        },
        {"name": "杂货", "place": 2, "children": []},
    ]


async def test_what_is_not_on_sale_no_member_sees(shop: Shop) -> None:
    await _shelves(shop)
    document = "query ($id: ID!) { item(id: $id) { code } }"
    rows = await shop.rows("SELECT code, id FROM item WHERE tenant_id = $1")
    shown = {}
    async with unit_of_work(shop.tenant_id):
        for row in rows:
            shown[row["code"]] = (await page_of(None, document, id=str(row["id"])))["item"]
    assert {code for code, item in shown.items() if item is None} == {"W-2", "D-1"}


async def test_staff_see_every_state_and_choose_among_them(shop: Shop) -> None:
    ids = await _shelves(shop)
    document = """
    query ($category: ID, $states: [ItemState!]) {
      items(categoryId: $category, states: $states) { edges { node { code version } } }
    }
    """

    async def codes(**variables: Any) -> list[str]:
        async with unit_of_work(shop.tenant_id):
            page = await told_staff(document, **variables)
        return [edge["node"]["code"] for edge in page["items"]["edges"]]

    assert await codes() == ["T-2", "D-1", "B-1", "W-2", "W-1", "T-1"]
    assert await codes(category=ids["酒"]) == ["W-2", "W-1"]
    assert await codes(states=["DRAFT", "OFF_SALE"]) == ["D-1", "W-2"]
    assert await codes(states=[]) == []


async def test_a_page_is_one_statement(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a category a look at where it stands comes first."""
    ids, sent = await _shelves(shop), []
    fetch, read = UnitConnection.fetch, UnitConnection.read

    async def noted(self: UnitConnection, sql: str, *values: object) -> Any:
        sent.append(sql)
        return await fetch(self, sql, *values)

    async def noted_alone(self: UnitConnection, sql: str, *values: object) -> Any:
        sent.append(sql)
        return await read(self, sql, *values)

    for variables, expected in (({}, 1), ({"category": ids["饮品"]}, 2)):
        async with unit_of_work(shop.tenant_id):
            await page_of(None, "{ categories { name } }")  # what any first read looks up
            monkeypatch.setattr(UnitConnection, "fetch", noted)
            monkeypatch.setattr(UnitConnection, "read", noted_alone)
            monkeypatch.setattr(UnitConnection, "read_apart", as_any_read)
            sent.clear()
            await page_of(None, SHOP, **variables)
            monkeypatch.undo()
        assert len([sql for sql in sent if " item " in sql or "category" in sql]) == expected


async def test_staff_enter_change_and_retire_an_item(client: httpx.AsyncClient, shop: Shop) -> None:
    drinks = await act(shop, lambda: create_category("饮品"))
    create = """
    mutation ($item: NewItemInput!) {
      createItem(item: $item) { item { id code state version } errors { code path } }
    }
    """
    item = {"code": "T-1", "name": "龙井", "priceFen": 12_800, "categoryId": str(drinks)}
    made = (await data(client, shop, create, "operator", item=item))["createItem"]
    assert made["errors"] == []
    assert made["item"] | {"id": ""} == {"id": "", "code": "T-1", "state": "DRAFT", "version": 1}
    again = (await data(client, shop, create, "operator", item=item))["createItem"]
    assert again == {"item": None, "errors": [{"code": "ITEM_CODE_TAKEN", "path": ["code"]}]}

    change = """
    mutation ($id: ID!, $version: Int!, $change: ItemChangeInput!) {
      changeItem(id: $id, version: $version, change: $change) {
        item { priceFen version category { name } } errors { code }
      }
    }
    """
    asked = {"id": made["item"]["id"], "version": 1, "change": {"priceFen": 11_000}}
    shown = {"priceFen": 11_000, "version": 2, "category": {"name": "饮品"}}
    done = await data(client, shop, change, "operator", **asked)
    assert done["changeItem"] == {"item": shown, "errors": []}
    late = await data(client, shop, change, "operator", **asked)
    assert late["changeItem"] == {"item": shown, "errors": [{"code": "ITEM_CHANGED"}]}
    asked |= {"version": 2, "change": {"categoryId": None}}
    done = await data(client, shop, change, "operator", **asked)
    assert done["changeItem"]["item"]["category"] is None

    retire = "mutation ($id: ID!) { retireItem(id: $id, version: 3) { item { state } } }"
    retired = await data(client, shop, retire, "operator", id=asked["id"])
    assert retired["retireItem"]["item"] == {"state": "RETIRED"}


FOUND = """
query ($search: String, $code: String, $states: [ItemState!], $first: Int! = 2, $after: String,
       $category: ID) {
  items(search: $search, codeBegins: $code, states: $states, first: $first, after: $after,
        categoryId: $category) {
    edges { node { code name } } pageInfo { hasNextPage endCursor }
  }
}
"""


async def _found(client: httpx.AsyncClient, shop: Shop, **asked: object) -> list[str]:
    """The codes that are found, page by page."""
    codes: list[str] = []
    after = None
    while True:
        page = (await data(client, shop, FOUND, "clerk", after=after, **asked))["items"]
        codes += [edge["node"]["code"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return codes
        assert len(page["edges"]) == 2


async def test_staff_find_items_by_how_name_or_code_begins(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    names = ["无糖茶", "无糖可乐", "Cola", "COLA Zero", "cola", "可乐", "col%", "a_b", "􏿿x"]
    told = [ToldItem(f"T-{n}", name, None, n) for n, name in enumerate(names)]
    told += [ToldItem("t-9", "龙井", None, 1, ItemState.RETIRED), ToldItem("U_1", "a", None, 1)]
    await act(shop, lambda: take_items(told, "erp"))
    for search, codes in (
        ("无", ["T-1", "T-0"]),
        ("COL", ["T-6", "T-2", "T-4", "T-3"]),
        ("　ｃｏｌａ  z", ["T-3"]),
        ("a", ["U_1", "T-7"]),
        ("a_", ["T-7"]),
        ("%", []),
        ("可乐x", []),
        ("  ", []),
        ("\U0010ffff", ["T-8"]),
        ("x" * 500, []),
    ):
        assert await _found(client, shop, search=search) == codes, search
    assert await _found(client, shop, code="T-") == [f"T-{n}" for n in range(9)] + ["t-9"]
    assert await _found(client, shop, code="u_") == ["U_1"]
    assert await _found(client, shop, search="龙", states=["ON_SALE", "DRAFT"]) == []
    assert await _found(client, shop, search="龙", states=["RETIRED"]) == ["t-9"]
    for both in ({"search": "a", "code": "b"}, {"search": "a", "category": "x"}):
        assert code_of(await ask_api(client, shop, FOUND, "clerk", **both)) == "ITEM_SEARCH_INVALID"


async def test_staff_shape_the_tree(client: httpx.AsyncClient, shop: Shop) -> None:
    make = 'mutation { createCategory(name: "%s") { category { id place } errors { code } } }'
    ids = []
    for name in ("饮品", "茶"):
        made = await data(client, shop, make % name, "operator")
        ids.append(made["createCategory"]["category"]["id"])
    move = """
    mutation ($id: ID!, $parent: ID) {
      moveCategory(id: $id, parentId: $parent) {
        category { fullName } errors { code path }
      }
    }
    """
    moved = await data(client, shop, move, "operator", id=ids[1], parent=ids[0])
    assert moved["moveCategory"]["category"] == {"fullName": "饮品 / 茶"}
    cyclic = await data(client, shop, move, "operator", id=ids[0], parent=ids[1])
    assert cyclic["moveCategory"] == {
        "category": None,
        "errors": [{"code": "CATEGORY_CYCLIC", "path": ["parentId"]}],
    }
    remove = "mutation ($id: ID!) { removeCategory(id: $id) { errors { code } } }"
    used = await data(client, shop, remove, "operator", id=ids[0])
    assert used["removeCategory"]["errors"] == [{"code": "CATEGORY_IN_USE"}]


async def test_who_may_only_look_changes_nothing(client: httpx.AsyncClient, shop: Shop) -> None:
    await act(shop, lambda: create_item("T-1", "龙井", 1))
    create = 'mutation { createCategory(name: "x") { errors { code } } }'
    for role in ("clerk", "advisor", "finance", "auditor"):
        assert code_of(await ask_api(client, shop, create, role)) == "PERMISSION_DENIED"
        seen = await data(client, shop, "{ items { edges { node { code } } } }", role)
        assert len(seen["items"]["edges"]) == 1


async def _send(
    client: httpx.AsyncClient, shop: Shop, content: bytes, role: str | None = "operator"
) -> httpx.Response:
    """Sends a list as a browser's form does, which is in pieces."""
    return await client.post(
        f"/t/{shop.slug}/staff/files",
        params={"for": "import"},
        files={"file": ("价目表.csv", io.BytesIO(content), "application/octet-stream")},
        headers=await shop.staff_login(role) if role else {},
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_file_is_sent_imported_and_its_bad_row_mended(
    client: httpx.AsyncClient, shop: Shop, encoding: str
) -> None:
    content = "编码,名称,价格\nA,茶,1\nB,袋,-1\n".encode(encoding)
    kept = await _send(client, shop, content)
    assert kept.status_code == 201, kept.text
    file_id = kept.json()["file"]["id"]
    assert kept.json()["file"]["size"] == len(content)
    start = """
    mutation ($file: ID!) {
      startFileImport(kind: "items", fileId: $file) {
        fileImport { id state fileName size bytesRead } errors { code }
      }
    }
    """
    asked = (await data(client, shop, start, "operator", file=str(file_id)))["startFileImport"]
    assert asked["errors"] == []
    import_id = asked["fileImport"].pop("id")
    assert asked["fileImport"] == {
        "state": "QUEUED",
        "fileName": "价目表.csv",
        "size": len(content),
        "bytesRead": 0,
    }
    await shop.work("imports")
    look = """
    query ($id: ID!) {
      fileImport(id: $id) { state encoding rows entered refused bytesRead asker { name } }
      refusedRows(importId: $id) { id rowNo field code found }
    }
    """
    told = await data(client, shop, look, "operator", id=import_id)
    assert told["fileImport"] == {
        "state": "DONE",
        "encoding": encoding.removesuffix("-sig"),
        "rows": 2,
        "entered": 1,
        "refused": 1,
        "bytesRead": len(content),
        "asker": {"name": "小operator"},
    }
    (row,) = told["refusedRows"]
    row_id = row.pop("id")
    assert row == {"rowNo": 3, "field": "price", "code": "PRICE_NEGATIVE", "found": "-1"}
    mend = """
    mutation ($id: ID!) {
      correctRefusedRow(id: $id, cells: {price: "0.20"}) { mended stillRefused errors { code } }
    }
    """
    mended = await data(client, shop, mend, "operator", id=row_id)
    assert mended["correctRefusedRow"] == {"mended": 1, "stillRefused": 0, "errors": []}
    assert [item[0] for item in await items_of(shop)] == ["A", "B"]
    left = await data(client, shop, look, "operator", id=import_id)
    assert (left["fileImport"]["refused"], left["refusedRows"]) == (0, [])


async def test_a_list_that_can_not_be_one_leaves_nothing(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pieces of its own, so that some of it is kept already when the rest is refused."""
    monkeypatch.setattr(lists, "_PIECE_BYTES", 16)
    monkeypatch.setattr(lists, "MOST_LIST_BYTES", 200_000)

    def told(answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["error"]["code"]

    assert told(await _send(client, shop, b"")) == (415, "LIST_REFUSED")
    assert told(await _send(client, shop, b"A,x\n" * 40_000 + b"\0")) == (415, "LIST_REFUSED")
    assert told(await _send(client, shop, b"A,x\n" * 60_000)) == (413, "FILE_TOO_LARGE")
    assert told(await _send(client, shop, b"A", "clerk")) == (403, "PERMISSION_DENIED")
    assert told(await _send(client, shop, b"A", None)) == (401, "TOKEN_INVALID")
    assert await shop.rows("SELECT id FROM file WHERE tenant_id = $1") == []
    member = await client.post(
        f"/t/{shop.slug}/member/files",
        params={"for": "import"},
        files={"file": ("a.csv", b"code\nA\n", "text/csv")},
        headers=await shop.login("13800138000"),
    )
    assert told(member) == (415, "FILE_TYPE_REFUSED")


async def test_of_lists_that_nobody_imports_a_few_are_kept(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    sent = [(await _send(client, shop, b"code\nA\n")).json()["file"]["id"] for _ in range(4)]
    left = await shop.rows("SELECT id FROM file WHERE tenant_id = $1 ORDER BY id")
    assert [str(row["id"]) for row in left] == sorted(sent[1:])
    start = 'mutation ($f: ID!) { startFileImport(kind: "items", fileId: $f) { errors { code } } }'
    for who, file, codes in (
        ("admin", sent[3], ["FILE_UNKNOWN"]),  # another one's
        ("operator", sent[0], ["FILE_UNKNOWN"]),
        ("operator", sent[3], []),
        ("operator", sent[3], ["FILE_UNKNOWN"]),  # used already
    ):
        answer = (await data(client, shop, start, who, f=file))["startFileImport"]
        assert [each["code"] for each in answer["errors"]] == codes

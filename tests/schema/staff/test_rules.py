"""Rules in the staff API: the words, checking, explaining, named rules, and lists filtered by them."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

from shuke_core.access.rights import Scope
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.plugin_host import disable_plugin, enable_plugin
from shuke_core.staff.role_services import Grant, Wanted, create_role

ANN, BOB, CY = "13800138000", "13800138001", "13800138002"
WOMEN = {"field": "member.gender", "op": "eq", "value": "female"}
BOUGHT = {"facts": "member.orders", "op": "gte", "value": 1}
VOCABULARY = """
{ ruleVocabulary { subjects { key } facts { key each happenedAt owner }
  fields { key subject type operators fieldClass owner labelZh choices { value labelEn } } } }
"""
CHECK = """
query ($subject: String!, $doc: JSON!) { checkRule(subject: $subject, document: $doc) {
  textZh textEn problems { code path found expected nearest } } }
"""
MEMBERS = """
query ($where: JSON, $rule: ID, $first: Int! = 10, $after: String) {
  members(where: $where, ruleId: $rule, first: $first, after: $after) {
    edges { node { name } } pageInfo { hasNextPage endCursor } } }
"""
NAMED = """
query ($where: JSON, $prefix: String!) {
  members(where: $where, namePrefix: $prefix) { edges { node { name } } } }
"""
EXPLAIN = """
query ($member: ID!, $doc: JSON, $rule: ID) {
  explainRule(memberId: $member, document: $doc, ruleId: $rule) {
    holds reasons { path depth textZh holds lookedAt { key shownZh masked } } } }
"""
_RULE = "id name version newest retired active document textZh inactiveBecause { code path }"
SAVE = f"""
mutation ($name: String!, $doc: JSON!) {{
  saveRule(name: $name, subject: "member", document: $doc) {{
    rule {{ {_RULE} }} errors {{ code path message }} }} }}
"""
CHANGE = f"""
mutation ($id: ID!, $after: Int!, $doc: JSON!) {{
  changeRule(id: $id, after: $after, name: "n", document: $doc) {{
    rule {{ {_RULE} }} errors {{ code path }} }} }}
"""


@pytest.fixture
def client(guarded_client: httpx.AsyncClient) -> httpx.AsyncClient:
    return guarded_client


async def people(shop: Shop) -> dict[str, UUID]:
    """安 and 安娜 are women, 安 has bought for 12.50; 博 is a man, has bought for 100."""
    ids = {}
    told = {"安": (ANN, "female"), "博": (BOB, "male"), "安娜": (CY, "female")}
    for name, (phone, gender) in told.items():
        ids[name] = await shop.member(phone)
        async with unit_of_work(shop.tenant_id):
            await fetch(
                "UPDATE member SET name = $3, gender = $4 WHERE tenant_id = $1 AND id = $2",
                *(ids[name], name, gender),
            )
    await shop.sold(shop.ticket(phone=ANN), shop.ticket(phone=BOB, total="100.00"))
    return ids


def names(answer: Any) -> set[str]:
    return {edge["node"]["name"] for edge in answer["members"]["edges"]}


async def test_the_words_are_those_that_one_may_see(client: httpx.AsyncClient, shop: Shop) -> None:
    everything = (await data(client, shop, VOCABULARY))["ruleVocabulary"]
    fields = {each["key"]: each for each in everything["fields"]}
    assert fields["order.total"] == {
        "key": "order.total",
        "subject": "order",
        "type": "MONEY",
        "operators": [
            *("EQ", "NE", "IN", "NOT_IN", "LT", "LTE", "GT", "GTE", "BETWEEN"),
            *("MISSING", "PRESENT"),
        ],
        "fieldClass": "MONEY",
        "owner": "core",
        "labelZh": "订单金额",
        "choices": [],
    }
    assert {"value": "female", "labelEn": "female"} in fields["member.gender"]["choices"]
    assert [f["key"] for f in everything["facts"]] == ["member.orders", "order.lines"]
    assert "retail.spent" not in fields
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
        await create_role(None, "poor", Wanted("P", "贫", (Grant("members.read", Scope.ALL),), ()))
    fields = (await data(client, shop, VOCABULARY))["ruleVocabulary"]["fields"]
    assert {f["key"]: f["owner"] for f in fields}["retail.spent"] == "retail"
    seen = (await data(client, shop, VOCABULARY, "poor"))["ruleVocabulary"]
    keys = {each["key"] for each in seen["fields"]}
    assert "member.gender" in keys
    assert keys.isdisjoint({"member.birthday", "order.total", "retail.spent", "ticket.code"})
    assert seen["facts"] == []


async def test_a_document_is_read_or_told_what_is_wrong(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    good = {"all": [WOMEN, {**BOUGHT, "value": 2}]}
    found = await data(client, shop, CHECK, subject="member", doc=good)
    assert found["checkRule"] == {
        "textZh": "性别为女 且 至少2笔订单",
        "textEn": "gender is female and at least 2 orders",
        "problems": [],
    }
    bad = {"all": [{**WOMEN, "value": "femal"}]}
    found = await data(client, shop, CHECK, subject="member", doc=bad)
    assert found["checkRule"] == {
        "textZh": None,
        "textEn": None,
        "problems": [
            {
                "code": "RULE_VALUE_INVALID",
                "path": "all[0].value",
                "found": "'femal'",
                "expected": "one of female, male, other",
                "nearest": "female",
            }
        ],
    }


async def test_members_are_filtered_page_by_page_beside_a_prefix_and_a_named_rule(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await people(shop)
    assert names(await data(client, shop, MEMBERS, where=WOMEN)) == {"安", "安娜"}
    assert names(await data(client, shop, MEMBERS, where={"not": BOUGHT})) == {"安娜"}
    assert names(await data(client, shop, NAMED, where=BOUGHT, prefix="安")) == {"安"}
    page = await data(client, shop, MEMBERS, where=WOMEN, first=1)
    assert page["members"]["pageInfo"]["hasNextPage"]
    cursor = page["members"]["pageInfo"]["endCursor"]
    rest = await data(client, shop, MEMBERS, where=WOMEN, first=1, after=cursor)
    assert names(page) | names(rest) == {"安", "安娜"}
    assert not rest["members"]["pageInfo"]["hasNextPage"]
    saved = await data(client, shop, SAVE, name="买过", doc=BOUGHT)
    rule = saved["saveRule"]["rule"]["id"]
    assert names(await data(client, shop, MEMBERS, rule=rule)) == {"安", "博"}
    assert names(await data(client, shop, MEMBERS, rule=rule, where=WOMEN)) == {"安"}
    assert code_of(await ask(client, shop, MEMBERS, where={"field": "x"})) == "RULE_INVALID"
    assert code_of(await ask(client, shop, MEMBERS, rule=str(uuid4()))) == "RULE_UNKNOWN"
    born = {"field": "member.birthday", "op": "missing"}
    async with unit_of_work(shop.tenant_id):
        await create_role(None, "poor", Wanted("P", "贫", (Grant("members.read", Scope.ALL),), ()))
    refused = await ask(client, shop, MEMBERS, "poor", where=born)
    assert code_of(refused) == "RULE_INVALID"
    assert "needs contact" in refused["errors"][0]["message"]


async def test_who_is_narrowed_finds_only_their_own(client: httpx.AsyncClient, shop: Shop) -> None:
    ids = await people(shop)
    grants = (Grant("members.read", Scope.OWN), Grant("orders.read", Scope.OWN))
    async with unit_of_work(shop.tenant_id):
        await create_role(None, "guide", Wanted("G", "导购", grants, ()))
    await shop.staff_login("guide")
    async with unit_of_work(shop.tenant_id):
        await fetch(
            "UPDATE member SET advisor_id = (SELECT id FROM staff WHERE tenant_id = $1 "
            "AND handle = 'guide') WHERE tenant_id = $1 AND id = $2",
            ids["安"],
        )
    answer = await data(client, shop, MEMBERS, "guide", where=BOUGHT)
    assert len(answer["members"]["edges"]) == 1
    for name, found in (("安", True), ("博", False)):
        why = await data(client, shop, EXPLAIN, "guide", member=str(ids[name]), doc=BOUGHT)
        assert (why["explainRule"] is not None) is found


async def test_why_a_rule_holds_is_told_part_by_part(client: httpx.AsyncClient, shop: Shop) -> None:
    ids = await people(shop)
    spent = {
        "facts": "member.orders",
        "measure": "sum",
        "of": "order.total",
        "op": "gte",
        "value": 5000,
    }
    document = {"all": [WOMEN, {"not": spent}]}
    why = (await data(client, shop, EXPLAIN, member=str(ids["安"]), doc=document))["explainRule"]
    assert why == {
        "holds": True,
        "reasons": [
            {
                "path": "",
                "depth": 0,
                "textZh": "性别为女 且 非(累计消费满50元)",
                "holds": True,
                "lookedAt": [],
            },
            {
                "path": "all[0]",
                "depth": 1,
                "textZh": "性别为女",
                "holds": True,
                "lookedAt": [{"key": "member.gender", "shownZh": "女", "masked": False}],
            },
            {
                "path": "all[1]",
                "depth": 1,
                "textZh": "非(累计消费满50元)",
                "holds": True,
                "lookedAt": [],
            },
            {
                "path": "all[1].not",
                "depth": 2,
                "textZh": "累计消费满50元",
                "holds": False,
                "lookedAt": [{"key": "member.orders", "shownZh": "12.50元", "masked": False}],
            },
        ],
    }
    nobody = await data(client, shop, EXPLAIN, member=str(uuid4()), doc=document)
    assert nobody["explainRule"] is None


async def test_a_named_rule_has_versions_and_is_inactive_without_its_plugin(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    document = {"field": "retail.spent", "op": "gte", "value": 100}
    saved = (await data(client, shop, SAVE, name="大客户", doc=document))["saveRule"]
    rule = saved["rule"]
    assert saved["errors"] == []
    assert (rule["version"], rule["active"], rule["textZh"]) == (1, True, "全渠道实付满1元")
    again = await data(client, shop, CHANGE, id=rule["id"], after=1, doc=WOMEN)
    assert again["changeRule"]["rule"]["version"] == 2
    late = await data(client, shop, CHANGE, id=rule["id"], after=1, doc=WOMEN)
    assert late["changeRule"]["errors"] == [{"code": "RULE_CHANGED", "path": ["after"]}]
    refused = await data(client, shop, SAVE, name="x", doc={})
    assert refused["saveRule"]["errors"][0]["path"] == ["document"]
    async with unit_of_work(shop.tenant_id):
        await disable_plugin("retail")
    versions = f"query ($id: ID!) {{ ruleVersions(id: $id) {{ {_RULE} }} }}"
    newest, first = (await data(client, shop, versions, id=rule["id"]))["ruleVersions"]
    assert newest["active"]
    assert (first["active"], first["textZh"], first["document"]) == (False, None, document)
    assert first["inactiveBecause"] == [{"code": "RULE_FIELD_GONE", "path": "field"}]
    listed = (await data(client, shop, f"{{ rules {{ {_RULE} }} }}"))["rules"]
    assert [(each["name"], each["version"]) for each in listed] == [("n", 2)]
    retired = f"mutation ($id: ID!) {{ retireRule(id: $id) {{ rule {{ {_RULE} }} }} }}"
    assert (await data(client, shop, retired, id=rule["id"]))["retireRule"]["rule"]["retired"]
    one = f"query ($id: ID!) {{ rule(id: $id, version: 9) {{ {_RULE} }} }}"
    assert (await data(client, shop, one, id=rule["id"]))["rule"] is None


async def test_who_may_not_see_a_field_reads_no_document_that_asks_for_it(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    named = {"field": "member.name", "op": "eq", "value": "王小明"}
    await data(client, shop, SAVE, name="他", doc=named)
    async with unit_of_work(shop.tenant_id):
        grants = (Grant("members.read", Scope.ALL), Grant("rules.read", Scope.ALL))
        await create_role(None, "poor", Wanted("P", "贫", grants, ()))
    (rule,) = (await data(client, shop, f"{{ rules {{ {_RULE} }} }}", "poor"))["rules"]
    assert (rule["active"], rule["document"], rule["textZh"]) == (True, None, "姓名为***")
    ids = await people(shop)
    asked = {"member": str(ids["安"]), "rule": rule["id"]}
    why = (await data(client, shop, EXPLAIN, "poor", **asked))["explainRule"]
    assert (why["holds"], why["reasons"][0]["textZh"]) == (False, "姓名为***")
    assert why["reasons"][0]["lookedAt"] == [
        {"key": "member.name", "shownZh": "***", "masked": True}
    ]
    assert code_of(await ask(client, shop, MEMBERS, "poor", rule=rule["id"])) == "RULE_INVALID"
    bought = (await data(client, shop, SAVE, name="买过", doc=BOUGHT))["saveRule"]["rule"]
    asked["rule"] = bought["id"]
    assert code_of(await ask(client, shop, EXPLAIN, "poor", **asked)) == "RULE_INVALID"


async def test_quarantined_tickets_are_filtered(client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.sold(shop.ticket(store="S9"), shop.ticket(total="x"), shop.ticket(store="S8"))
    document = """
    query ($where: JSON, $first: Int! = 10, $after: String) { integration(key: "till") {
      quarantine(where: $where, first: $first, after: $after) {
        edges { node { field } } pageInfo { hasNextPage endCursor } } } }
    """
    stores = {"field": "ticket.field", "op": "eq", "value": "store"}
    recent = {"field": "ticket.quarantined_at", "op": "gte", "value": {"ago": 1, "unit": "hours"}}
    where = {"all": [stores, recent]}
    page = (await data(client, shop, document, where=where, first=1))["integration"]["quarantine"]
    assert page["pageInfo"]["hasNextPage"]
    after = page["pageInfo"]["endCursor"]
    rest = await data(client, shop, document, where=where, first=1, after=after)
    assert not rest["integration"]["quarantine"]["pageInfo"]["hasNextPage"]
    assert rest["integration"]["quarantine"]["edges"] == [{"node": {"field": "store"}}]
    none = await data(client, shop, document, where={"not": recent})
    assert none["integration"]["quarantine"]["edges"] == []

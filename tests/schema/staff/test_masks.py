"""What is kept from a role is masked or refused, and can't be found out by filters or counts."""

import logging

import httpx
import pytest
from graphql import GraphQLObjectType
from tests.schema.staff.staff import ask, code_of, data
from tests.support.follow_up import act
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass
from shuke_core.interactions.rules import Kind
from shuke_core.interactions.services import (
    NewInteraction,
    Told,
    record_interaction,
    record_told,
)
from shuke_core.members import searches
from shuke_schema.composition import compose
from shuke_schema.http.door import graphql_schema
from shuke_schema.parts import Audience

NAMES = "{ members { edges { node { name maskedPhone } } } }"
NAMED = 'query { members(namePrefix: "王") { edges { node { id } } } }'
PHONE = "query ($p: String!) { memberByPhone(phone: $p) { id } }"
COUNT = "query ($store: String) { membersCount(store: $store) { exact shown } }"


@pytest.mark.parametrize(
    ("role", "name"),
    [("admin", "王小明"), ("clerk", "王小明"), ("operator", "王**"), ("finance", "王**"),
     ("auditor", "王**")],
)  # fmt: skip
async def test_a_name_is_masked_to_who_may_not_see_contacts(
    role: str, name: str, client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(
        shop.ticket(phone="13800138000", name="王小明"), shop.ticket(phone="13900139000")
    )
    page = (await data(client, shop, NAMES, role))["members"]
    told = sorted((e["node"]["maskedPhone"], e["node"]["name"]) for e in page["edges"])
    assert told == [("138****8000", name), ("139****9000", None)]


async def test_a_member_sees_their_own_name(client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.sold(shop.ticket(phone="13800138000", name="王小明"))
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": "{ me { name } }"},
        headers=await shop.login("13800138000"),
    )
    assert answer.json()["data"] == {"me": {"name": "王小明"}}


async def test_who_may_not_see_a_name_may_not_search_by_it(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    assert "errors" not in await ask(client, shop, NAMED, "clerk")
    by_variable = "query ($n: String) { members(namePrefix: $n) { edges { node { id } } } }"
    for document in (NAMED, by_variable):
        refused = await ask(client, shop, document, "operator")
        assert code_of(refused) == "PERMISSION_DENIED"
        assert refused["errors"][0]["message"] == (
            "Query.members(namePrefix:) needs the right to see contact data, which you do not have."
        )
    assert "errors" not in await ask(client, shop, NAMES, "operator")


def test_arguments_that_find_by_what_is_kept_say_so() -> None:
    """An argument named for a field that is kept from somebody demands its class."""
    composed = compose(Audience.STAFF, [])
    kind = graphql_schema(composed).query_type
    assert isinstance(kind, GraphQLObjectType)
    kept = {
        name: demand.field_class
        for (of, name), demand in composed.demands.items()
        if of == "Member" and demand.field_class not in (None, FieldClass.PUBLIC)
    } | {"phone": FieldClass.CONTACT}
    found = {}
    for field, shown in kind.fields.items():
        for argument in shown.args:
            for name, field_class in kept.items():
                if argument.startswith(name):
                    found[field, argument] = composed.demands["Query", field].arguments.get(
                        argument
                    )
                    assert found[field, argument] is field_class, (field, argument)
    assert found == {
        ("members", "namePrefix"): FieldClass.CONTACT,
        ("memberByPhone", "phone"): FieldClass.CONTACT,
    }


async def test_small_counts_are_told_to_who_may_see_each_of_them(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async def counted(role: str, store: str | None = None) -> dict[str, object]:
        found: dict[str, object] = await data(client, shop, COUNT, role, store=store)
        return found["membersCount"]  # type: ignore[return-value]

    assert await counted("operator") == {"exact": None, "shown": "< 10"}  # nought as well
    await shop.sold(*[shop.ticket(phone=f"1380013800{n}", store="S1") for n in range(9)])
    assert await counted("operator") == {"exact": None, "shown": "< 10"}
    assert await counted("clerk") == {"exact": 9, "shown": "9"}
    await shop.sold(shop.ticket(phone="13900139000", store="S2"))
    assert await counted("operator") == {"exact": 10, "shown": "10"}
    assert await counted("operator", "S1") == {"exact": None, "shown": "< 10"}
    assert await counted("clerk", "S1") == {"exact": 9, "shown": "9"}
    assert await counted("clerk", "S9") == {"exact": 0, "shown": "0"}
    assert await counted("advisor") == {"exact": 0, "shown": "0"}  # of their own


async def test_a_look_up_by_phone_is_recorded_and_many_are_told_of(
    guarded_client: httpx.AsyncClient,
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(searches, "UNUSUAL", 3)
    member = await shop.member("13800138000")
    for phone in ("13800138000", "13900139000"):
        await data(guarded_client, shop, PHONE, "clerk", p=phone)
    entries = await shop.rows(
        "SELECT subject, member_id, actor_name FROM audit_entry WHERE tenant_id = $1 "
        "AND act = 'member.sought_by_phone' ORDER BY recorded_at, id"
    )
    assert entries == [
        {"subject": f"member:{member}", "member_id": member, "actor_name": "小clerk"},
        {"subject": "phone:unknown", "member_id": None, "actor_name": "小clerk"},
    ]
    with caplog.at_level(logging.WARNING, logger="shuke.members"):
        await data(guarded_client, shop, PHONE, "admin", p="13800138000")  # somebody else's count
        assert caplog.messages == []
        await data(guarded_client, shop, PHONE, "clerk", p="13900139001")
    (told,) = caplog.messages
    assert told.endswith("has looked 3 people up by phone within an hour")
    await data(guarded_client, shop, PHONE, "clerk", p="13900139002")  # it stays one alert
    for _ in range(2):
        await shop.work("relay", "reactions")
    (clerk,) = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'clerk'")
    alerts = await shop.rows(
        "SELECT kind, subject, role, member_id FROM alert WHERE tenant_id = $1"
    )
    assert alerts == [
        {
            "kind": "members.many_sought_by_phone",
            "subject": f"staff:{clerk['id']}",
            "role": "admin",
            "member_id": None,
        }
    ]
    assert "139" not in str([row["subject"] for row in entries])


@pytest.mark.parametrize(("role", "typed"), [("clerk", "13800138000"), ("operator", "")])
async def test_what_a_member_types_as_subject_is_for_who_may_see_contacts(
    role: str, typed: str, client: httpx.AsyncClient, shop: Shop
) -> None:
    """What a program tells is the name of a campaign, and nobody's secret."""
    member = await shop.member("13800138000")

    async def said() -> None:
        phone = "13800138000"
        by_hand = NewInteraction(member, Kind.INQUIRY, "在吗", scene=phone, subject=phone)
        await record_interaction(by_hand)
        joined = NewInteraction(member, Kind.CAMPAIGN, subject="double-eleven", scene="till")
        await record_told(joined, Told("wechat", "1"))

    await act(shop, said)
    asked = "{ interactions { edges { node { kind subject scene } } } }"
    page = (await data(client, shop, asked, role))["interactions"]
    told = {e["node"].pop("kind"): e["node"] for e in page["edges"]}
    assert told == {
        "INQUIRY": {"subject": typed, "scene": typed},
        "CAMPAIGN": {"subject": "double-eleven", "scene": "till"},
    }

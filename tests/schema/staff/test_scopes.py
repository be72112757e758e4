"""An advisor sees their own members through every field; others are answered as unknown ones."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from tests.schema.staff.staff import ask, code_of, data
from tests.support.accounts import compared, step_up_of
from tests.support.scopes import PHONES, Divided, divide
from tests.support.shop import Shop
from tests.support.sockets import Stage, client_of, open_stage

from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.kit.transactions import unit_of_work
from shuke_core.runtime import Runtime
from shuke_core.staff.presence import set_stores
from shuke_core.staff.services import add_staff, issue_staff_token

MEMBERS = "{ members { edges { node { id orders { edges { node { no } } } } } } }"
CARD = "query ($id: ID!) { member(id: $id) { cardNo } }"
ORDERS = "subscription { ordersChanged { change { kind order { no } } } }"
GUIDE = {
    "label": "Store guide",
    "labelZh": "导购",
    "grants": [
        {"permission": key, "scope": "STORES"}
        for key in ("members.read", "members.edit", "orders.read", "points.read", "members.assign")
    ],
    "fieldClasses": ["CONTACT"],
}
CREATE = """
mutation ($key: String!, $wanted: RoleInput!, $stepUp: ID) {
  createRole(key: $key, role: $wanted, stepUp: $stepUp) {
    role { key grants { permission scope } } errors { code path }
  }
}
"""


async def _role(
    client: httpx.AsyncClient,
    shop: Shop,
    key: str,
    wanted: dict[str, Any],
    who: str = "admin",
    *,
    verb: str = "create",
) -> Any:
    """The payload of making or changing a role, with a step-up for it."""
    await shop.staff_login(who)
    arguments = {"key": key, "role": compared(wanted)}
    step_up = await step_up_of(shop, who, f"roles.{verb}", arguments)
    document = CREATE.replace("createRole", f"{verb}Role")
    answer = await data(client, shop, document, who, key=key, wanted=wanted, stepUp=step_up)
    return answer[f"{verb}Role"]


@pytest_asyncio.fixture
async def divided(shop: Shop) -> Divided:
    """A shop whose members are of two advisors and of nobody; both can be asked as."""
    made = await divide(shop)
    for handle in ("ann", "bob"):
        async with unit_of_work(shop.tenant_id):
            token = await issue_staff_token(handle)
        shop.headers[handle] = {"authorization": f"Bearer {token}"}
    return made


async def _guide(client: httpx.AsyncClient, divided: Divided, *stores: str) -> UUID:
    """Somebody in a role of the tenant's own, narrowed to these stores, to be asked as."""
    assert (await _role(client, divided.shop, "guide", GUIDE))["errors"] == []
    async with unit_of_work(divided.shop.tenant_id):
        await add_staff("cid", "小cid", "guide")
        token = await issue_staff_token("cid")
    divided.shop.headers["cid"] = {"authorization": f"Bearer {token}"}
    rows = await divided.shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'cid'")
    staff_id: UUID = rows[0]["id"]
    async with unit_of_work(divided.shop.tenant_id):
        await set_stores(staff_id, [divided.stores[code] for code in stores])
    return staff_id


async def _listed(client: httpx.AsyncClient, divided: Divided, who: str) -> set[str]:
    page = (await data(client, divided.shop, MEMBERS, who))["members"]
    names = {str(member_id): whose for whose, member_id in divided.members.items()}
    found = {names[edge["node"]["id"]] for edge in page["edges"]}
    orders = {
        each["node"]["no"] for edge in page["edges"] for each in edge["node"]["orders"]["edges"]
    }
    assert orders == {f"N-{whose}" for whose in found}
    return found


async def test_lists_have_own_members_only(client: httpx.AsyncClient, divided: Divided) -> None:
    assert await _listed(client, divided, "ann") == {"ann's"}
    assert await _listed(client, divided, "bob") == {"bob's"}
    assert await _listed(client, divided, "admin") == set(PHONES)
    staff_id = await _guide(client, divided, "S1")
    assert await _listed(client, divided, "cid") == {"ann's", "nobody's"}
    async with unit_of_work(divided.shop.tenant_id):
        await set_stores(staff_id, [])
    assert await _listed(client, divided, "cid") == set()


ASKED_BY_ID = {
    "member": "query ($id: ID!) { member(id: $id) { id name orders { edges { cursor } } } }",
    "renameMember": """mutation ($id: ID!) {
        renameMember(id: $id, name: "李") { member { id } errors { code path message } } }""",
    "assignMembers": """mutation ($id: ID!) {
        assignMembers(members: {ids: [$id]}) { assigned errors { code path message } } }""",
    "assignAutomatically": """mutation ($id: ID!) {
        assignAutomatically(members: {ids: [$id]}, way: LEAST_BUSY) { assigned errors { code } } }""",
}


@pytest.mark.parametrize("field", ASKED_BY_ID)
async def test_out_of_scope_foreign_and_unknown_ids_are_answered_by_the_same_bytes(
    field: str, client: httpx.AsyncClient, divided: Divided, other_shop: Shop
) -> None:
    await _guide(client, divided, "S1")
    document = ASKED_BY_ID[field]
    before = await divided.shop.rows(
        "SELECT id, name, advisor_id FROM member WHERE tenant_id = $1 ORDER BY id"
    )
    ids = {
        "out of scope": str(divided.members["bob's"]),
        "foreign": str(await other_shop.member(PHONES["ann's"])),
        "unknown": str(uuid4()),
        "impossible": "x",
    }
    answers = {}
    for kind, member_id in ids.items():
        answer = await client.post(
            f"/t/{divided.shop.slug}/staff/graphql",
            json={"query": document, "variables": {"id": member_id}},
            headers=divided.shop.headers["cid"],
        )
        answers[kind] = (answer.status_code, answer.content)
    assert len(set(answers.values())) == 1, answers
    after = await divided.shop.rows(
        "SELECT id, name, advisor_id FROM member WHERE tenant_id = $1 ORDER BY id"
    )
    assert after == before
    whose = "ann's" if field == "assignMembers" else "nobody's"  # one that changes hands
    own = await ask(client, divided.shop, document, "cid", id=str(divided.members[whose]))
    assert "errors" not in own
    assert own["data"] != (await ask(client, divided.shop, document, "cid", id="x"))["data"]


async def test_by_card_and_by_phone_nobody_else_is_found(
    guarded_client: httpx.AsyncClient, divided: Divided
) -> None:
    cards = {
        whose: (await data(guarded_client, divided.shop, CARD, id=str(member)))["member"]["cardNo"]
        for whose, member in divided.members.items()
    }
    card = "query ($c: String!) { memberByCard(cardNo: $c) { id } }"
    phone = "query ($p: String!) { memberByPhone(phone: $p) { id } }"
    for whose, number in PHONES.items():
        seen = whose == "ann's"
        found = await data(guarded_client, divided.shop, card, "ann", c=cards[whose])
        assert (found["memberByCard"] is not None) == seen
        found = await data(guarded_client, divided.shop, phone, "ann", p=number)
        assert (found["memberByPhone"] is not None) == seen


async def test_an_advisor_changes_nothing(client: httpx.AsyncClient, divided: Divided) -> None:
    own = str(divided.members["ann's"])
    refused = await ask(client, divided.shop, ASKED_BY_ID["renameMember"], "ann", id=own)
    assert code_of(refused) == "PERMISSION_DENIED"


async def test_what_is_narrowed_narrows_the_whole_document(
    client: httpx.AsyncClient, divided: Divided
) -> None:
    """Points everywhere, members only of one's stores: together only of one's stores."""
    await _guide(client, divided, "S2")
    role = {**GUIDE, "grants": [{"permission": "members.read", "scope": "STORES"},
                                {"permission": "stores.read", "scope": "ALL"}]}  # fmt: skip
    assert (await _role(client, divided.shop, "guide", role, verb="change"))["errors"] == []
    both = "{ stores { code } members { edges { node { id } } } }"
    found = await data(client, divided.shop, both, "cid")
    assert [store["code"] for store in found["stores"]] == ["S1", "S2"]
    assert [e["node"]["id"] for e in found["members"]["edges"]] == [str(divided.members["bob's"])]


async def test_what_is_done_to_everybody_is_not_done_to_those_who_are_seen(
    client: httpx.AsyncClient, divided: Divided
) -> None:
    """Somebody leaves, and their members of all stores are handed over, or nothing is done."""
    shop = divided.shop
    await _guide(client, divided, "S1")
    manage = {"permission": "staff.manage", "scope": "ALL"}
    role = {**GUIDE, "grants": [*GUIDE["grants"], manage]}
    assert (await _role(client, shop, "guide", role, verb="change"))["errors"] == []
    bob, free = divided.staff["bob"], divided.members["nobody's"]
    go = f'letStaffGo(staff: "{bob}") {{ staff {{ state }} errors {{ code }} }}'
    give = f'assignMembers(members: {{ids: ["{free}"]}}) {{ assigned }}'
    mixed = await ask(client, shop, f"mutation {{ {go} {give} }}", "cid")
    assert code_of(mixed) == "SCOPES_MIXED"
    assert "data" not in mixed
    whose = "SELECT advisor_id FROM member WHERE tenant_id = $1 AND id = $2"
    (row,) = await shop.rows(whose, divided.members["bob's"])
    assert row["advisor_id"] == bob
    alone = (await data(client, shop, f"mutation {{ {go} }}", "cid"))["letStaffGo"]
    assert alone == {"staff": {"state": "LEFT"}, "errors": []}
    (row,) = await shop.rows(whose, divided.members["bob's"])  # of a store that cid does not see
    assert row["advisor_id"] is None


@pytest_asyncio.fixture
async def stage(runtime: Runtime) -> AsyncIterator[Stage]:
    """A server of this file's own."""
    async with open_stage(runtime) as stage:
        yield stage


async def test_orders_of_others_are_not_told_live_and_hand_over_moves_them(
    stage: Stage, divided: Divided
) -> None:
    shop = divided.shop
    async with (
        client_of(stage.address(shop, "staff"), shop.headers["ann"]) as ann,
        client_of(stage.address(shop, "staff"), shop.headers["bob"]) as bob,
    ):
        for client in (ann, bob):
            await client.subscribe(ORDERS)
        await shop.sold(shop.ticket(phone=PHONES["bob's"], no="L-1", store="S2"))
        assert (await bob.update())["change"]["order"] == {"no": "L-1"}
        async with unit_of_work(shop.tenant_id):
            await assign_members(
                Chosen(ids=[divided.members["bob's"]]), divided.staff["ann"], "moved"
            )
        await shop.sold(shop.ticket(phone=PHONES["bob's"], no="L-2", store="S2"))
        assert (await ann.update())["change"]["order"] == {"no": "L-2"}
        assert await bob.is_silent(0.6)


async def test_a_changed_role_holds_for_open_sockets(
    stage: Stage, client: httpx.AsyncClient, divided: Divided
) -> None:
    shop = divided.shop
    await _guide(client, divided, "S1")
    async with client_of(stage.address(shop, "staff"), shop.headers["cid"]) as cid:
        await cid.subscribe(ORDERS)
        await shop.sold(shop.ticket(phone=PHONES["bob's"], no="L-1", store="S2"))
        assert await cid.is_silent(0.4)
        wide = [{**each, "scope": "ALL"} for each in GUIDE["grants"]]  # type: ignore[dict-item]
        changed = await _role(client, shop, "guide", {**GUIDE, "grants": wide}, verb="change")
        assert changed["errors"] == []
        await shop.work()
        for turn in range(40):  # until the socket has followed
            await shop.sold(shop.ticket(phone=PHONES["bob's"], no=f"L-x{turn}", store="S2"))
            if not await cid.is_silent(0.25):
                break
        else:
            raise AssertionError("the open socket has not followed")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"grants": [{"permission": "audit.read", "scope": "ALL"}]}, "ROLE_TOO_MIGHTY"),
        ({"grants": [{"permission": "members.edit", "scope": "ALL"}]}, "ROLE_TOO_MIGHTY"),
        ({"fieldClasses": ["SENSITIVE"]}, "ROLE_TOO_MIGHTY"),
        ({"grants": [{"permission": "members.fly", "scope": "ALL"}]}, "PERMISSION_UNKNOWN"),
        ({"grants": [{"permission": "stores.read", "scope": "OWN"}]}, "SCOPE_UNFIT"),
        ({"grants": [{"permission": "members.assign", "scope": "OWN"}]}, "SCOPE_UNFIT"),
        (
            {
                "grants": [
                    {"permission": "members.read", "scope": "OWN"},
                    {"permission": "orders.read", "scope": "STORES"},
                ]
            },
            "SCOPE_UNFIT",
        ),
        ({"label": " "}, "NAME_INVALID"),
    ],
)
async def test_nobody_makes_a_role_of_what_they_do_not_hold(
    wanted: dict[str, Any], code: str, client: httpx.AsyncClient, shop: Shop
) -> None:
    """By somebody who may manage roles, sees members of their stores and money."""
    keeper = {
        **GUIDE,
        "grants": [
            {"permission": "roles.manage", "scope": "ALL"},
            {"permission": "members.read", "scope": "STORES"},
            {"permission": "members.edit", "scope": "STORES"},
        ],
    }
    assert (await _role(client, shop, "keeper", keeper))["errors"] == []
    role = {**GUIDE, "grants": [{"permission": "members.read", "scope": "STORES"}], **wanted}
    done = await _role(client, shop, "guide", role, "keeper")
    assert [each["code"] for each in done["errors"]] == [code]
    assert done["role"] is None


async def test_roles_are_made_listed_changed_and_removed(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    done = await _role(client, shop, "guide", GUIDE)
    assert done["errors"] == []
    assert {"permission": "members.read", "scope": "STORES"} in done["role"]["grants"]
    again = await _role(client, shop, "guide", GUIDE)
    assert again["errors"] == [{"code": "ROLE_EXISTS", "path": ["key"]}]
    listed = (await data(client, shop, "{ roles { key isReadyMade } }", "clerk"))["roles"]
    assert listed == [
        *(
            {"key": key, "isReadyMade": True}
            for key in ("admin", "operator", "clerk", "advisor", "finance", "auditor")
        ),
        {"key": "guide", "isReadyMade": False},
    ]
    remove = """mutation ($key: String!, $stepUp: ID) {
        removeRole(key: $key, stepUp: $stepUp) { errors { code path } } }"""

    async def removed(key: str) -> Any:
        step_up = await step_up_of(shop, "admin", "roles.remove", {"key": key})
        return (await data(client, shop, remove, key=key, stepUp=step_up))["removeRole"]["errors"]

    async with unit_of_work(shop.tenant_id):
        await add_staff("cid", "小cid", "guide")
    for key, code in (
        ("guide", "ROLE_IN_USE"),
        ("clerk", "ROLE_READY_MADE"),
        ("x", "ROLE_UNKNOWN"),
    ):
        assert await removed(key) == [{"code": code, "path": ["key"]}]
    async with unit_of_work(shop.tenant_id):
        await add_staff("cid", "小cid", "clerk")
    assert await removed("guide") == []
    assert len((await data(client, shop, "{ roles { key } }"))["roles"]) == 6

"""Every field of the staff API that takes an id: generated from the schema, for each kind of id.

Out of scope, another tenant's, unknown and impossible ids are answered by the same bytes.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from tests.schema.staff.order_acts import counter_order
from tests.schema.staff.test_rights import _value, is_required
from tests.support.exports import asked_export, staff_id_of
from tests.support.full_tenants import Account, full_account, full_campaign, full_rule
from tests.support.imports import imported, stored
from tests.support.pictures import JPEG
from tests.support.scopes import PHONES, Divided, divide
from tests.support.shop import Shop

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Scope
from shuke_core.files.pictures import read_picture
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.doubles import DoubleReason, note_double
from shuke_core.notes.services import add_note
from shuke_core.profiles.avatars import upload_picture
from shuke_core.staff.presence import set_stores
from shuke_core.staff.role_services import Grant, Wanted, create_role
from shuke_core.staff.roles import ready_made_role
from shuke_core.staff.services import add_staff, issue_staff_token
from shuke_schema.composition import compose
from shuke_schema.http.door import graphql_schema
from shuke_schema.parts import Audience

SCHEMA = graphql_schema(compose(Audience.STAFF, []))
_keys = count()
_accounts: dict[UUID, Account] = {}

# What each argument is an id of; a new one must be entered here.
NAMED: dict[tuple[str, str], str] = {
    ("member", "id"): "member",
    ("auditEntries", "memberId"): "member",
    ("auditEntries", "actorId"): "staff",
    ("renameMember", "id"): "member",
    ("assignMembers", "members.ids"): "member",
    ("assignMembers", "members.advisorId"): "staff",
    ("assignMembers", "advisorId"): "staff",
    ("assignAutomatically", "members.ids"): "member",
    ("assignAutomatically", "members.advisorId"): "staff",
    ("handOver", "advisorId"): "staff",
    ("handOver", "to"): "staff",
    ("setAway", "staff"): "staff",
    ("setStores", "staff"): "staff",
    ("correctTicket", "id"): "ticket",
    ("discardTicket", "id"): "ticket",
    ("replayTickets", "after"): "ticket",
    ("changeStaffRole", "staff"): "staff",
    ("changeStaffRole", "stepUp"): "step_up",
    ("confirmStepUp", "stepUp"): "step_up",
    ("decideApproval", "approval"): "approval",
    ("decideApproval", "stepUp"): "step_up",
    ("inviteStaff", "stepUp"): "step_up",
    ("issueResetCode", "staff"): "staff",
    ("issueResetCode", "stepUp"): "step_up",
    ("letStaffGo", "staff"): "staff",
    ("letStaffGo", "handOverTo"): "staff",
    ("createRole", "stepUp"): "step_up",
    ("changeRole", "stepUp"): "step_up",
    ("removeRole", "stepUp"): "step_up",
    ("setStores", "stepUp"): "step_up",
    ("removeSecondFactor", "staff"): "staff",
    ("removeSecondFactor", "stepUp"): "step_up",
    ("revokeStaffSessions", "id"): "session",
    ("revokeStaffSessions", "staff"): "staff",
    ("setApprovalLimit", "stepUp"): "step_up",
    ("setSecondFactorRule", "stepUp"): "step_up",
    ("setDisclosureLimits", "stepUp"): "step_up",
    ("revealPhone", "memberId"): "member",
    ("requestExport", "stepUp"): "step_up",
    ("exportLink", "id"): "export",
    ("revokeExport", "id"): "export",
    ("signOut", "id"): "session",
    ("staffSessions", "staff"): "staff",
    ("unlockStaff", "staff"): "staff",
    ("withdrawInvite", "staff"): "staff",
    ("interaction", "id"): "interaction",
    ("answerInteraction", "id"): "interaction",
    ("closeInteraction", "id"): "interaction",
    ("task", "id"): "task",
    ("createTask", "member"): "member",
    ("createTask", "to.person"): "staff",
    ("claimTask", "id"): "task",
    ("startTask", "id"): "task",
    ("completeTask", "id"): "task",
    ("cancelTask", "id"): "task",
    ("handOverTask", "id"): "task",
    ("handOverTask", "to.person"): "staff",
    ("acknowledgeAlert", "id"): "alert",
    ("bindIdentity", "id"): "member",
    ("unbindIdentity", "id"): "member",
    ("decidePhoneClaim", "id"): "claim",
    ("updateMember", "id"): "member",
    ("updateMember", "profile.avatar"): "upload",
    ("blockMember", "id"): "member",
    ("unblockMember", "id"): "member",
    ("addNote", "memberId"): "member",
    ("removeNote", "id"): "note",
    ("mergePreview", "survivor"): "member",
    ("mergePreview", "absorbed"): "member",
    ("mergeMembers", "survivor"): "member",
    ("mergeMembers", "absorbed"): "member",
    ("mergeMembers", "stepUp"): "step_up",
    ("mergePhoneClaim", "id"): "claim",
    ("mergePhoneClaim", "stepUp"): "step_up",
    ("dismissMergeCandidate", "id"): "candidate",
    ("undoMerge", "id"): "merge",
    ("eraseMember", "member"): "member",
    ("eraseMember", "stepUp"): "step_up",
    ("handOverMemberData", "member"): "member",
    ("handOverMemberData", "stepUp"): "step_up",
    ("answerRightsRequest", "id"): "request",
    ("members", "ruleId"): "rule",
    ("explainRule", "memberId"): "member",
    ("explainRule", "ruleId"): "rule",
    ("rule", "id"): "rule",
    ("ruleVersions", "id"): "rule",
    ("changeRule", "id"): "rule",
    ("retireRule", "id"): "rule",
    ("categories", "parentId"): "category",
    ("category", "id"): "category",
    ("items", "categoryId"): "category",
    ("item", "id"): "item",
    ("createItem", "item.categoryId"): "category",
    ("changeItem", "id"): "item",
    ("changeItem", "change.categoryId"): "category",
    ("retireItem", "id"): "item",
    ("createCategory", "parentId"): "category",
    ("changeCategory", "id"): "category",
    ("moveCategory", "id"): "category",
    ("moveCategory", "parentId"): "category",
    ("removeCategory", "id"): "category",
    ("order", "id"): "order",
    ("createOrder", "memberId"): "any member",
    ("fulfilOrder", "id"): "any order",
    ("completeOrder", "id"): "any order",
    ("cancelOrder", "id"): "any order",
    ("refundOrder", "id"): "any order",
    ("fileImport", "id"): "import",
    ("refusedRows", "importId"): "import",
    ("startFileImport", "fileId"): "file",
    ("redoFileImport", "id"): "import",
    ("correctRefusedRow", "id"): "row",
    ("campaign", "id"): "campaign",
    ("campaignEffect", "id"): "campaign",
    ("changeCampaign", "id"): "campaign",
    ("submitCampaign", "id"): "campaign",
    ("approveCampaign", "id"): "campaign",
    ("rejectCampaign", "id"): "campaign",
    ("pauseCampaign", "id"): "campaign",
    ("resumeCampaign", "id"): "campaign",
    ("reopenCampaign", "id"): "campaign",
    ("cancelCampaign", "id"): "campaign",
    ("campaignEffect", "ruleId"): "rule",
    ("createCampaign", "campaign.audienceRuleId"): "rule",
    ("changeCampaign", "change.audienceRuleId"): "rule",
}


def _places(field: GraphQLField) -> Iterator[tuple[str, str, str]]:
    """(place, the arguments with a variable there, the type of the variable) for each id taken."""
    for name, argument in field.args.items():
        kind = get_named_type(argument.type)
        if kind.name == "ID":
            yield name, f"{name}: {_listed(argument.type)}", name
        elif isinstance(kind, GraphQLInputObjectType):
            for inner, of_input in kind.fields.items():
                if get_named_type(of_input.type).name == "ID":
                    needed = "".join(
                        f", {key}: {_value(each.type)}"
                        for key, each in kind.fields.items()
                        if is_required(each) and key != inner
                    )
                    made = f"{name}: {{ {inner}: {_listed(of_input.type)}{needed} }}"
                    yield f"{name}.{inner}", made, name


def _listed(kind: Any) -> str:
    return "[$id]" if is_list_type(get_nullable_type(kind)) else "$id"


def _selected(field: GraphQLField) -> str:
    kind = get_named_type(field.type)
    if not isinstance(kind, GraphQLObjectType):
        return ""
    leaves = [
        name
        for name, each in kind.fields.items()
        if is_leaf_type(get_named_type(each.type)) and not each.args
    ]
    if "errors" in kind.fields:
        leaves.append("errors { code path message }")
    if "edges" in kind.fields:
        leaves.append("edges { cursor }")
    return f"{{ {' '.join([*leaves, '__typename'])} }}"


def _documents() -> dict[tuple[str, str], str]:
    found = {}
    for word, kind in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type)):
        for name, field in kind.fields.items() if kind else ():
            for place, made, of in _places(field):
                others = [
                    f"{key}: {_value(each.type) if key != 'idempotencyKey' else '$key'}"
                    for key, each in field.args.items()
                    if is_non_null_type(each.type) and key != of
                ]
                key = ", $key: String!" if "$key" in str(others) else ""
                arguments = ", ".join([made, *others])
                found[name, place] = (
                    f"{word} ($id: ID!{key}) {{ {name}({arguments}) {_selected(field)} }}"
                )
    return found


DOCUMENTS = _documents()


def test_every_argument_that_is_an_id_is_named() -> None:
    assert set(DOCUMENTS) == set(NAMED)


_TABLES = {"claim": "phone_claim", "merge": "member_merge", "request": "rights_request"}


async def _ids(divided: Divided, other: Shop, kind: str) -> dict[str, str]:
    """An id of each sort that must not be told from an unknown one."""
    told = {"unknown": str(uuid4()), "impossible": "x"}
    if kind == "member":
        told["out of scope"] = str(divided.members["bob's"])
        told["foreign"] = str(await other.member(PHONES["ann's"]))
    elif kind == "any member":  # who may do that, may with everybody
        told["foreign"] = str(await other.member(PHONES["ann's"]))
    elif kind in ("order", "any order"):
        if kind == "order":
            table = "SELECT id FROM orders WHERE tenant_id = $1 AND member_id = $2"
            rows = await divided.shop.rows(table, divided.members["bob's"])
            told["out of scope"] = str(rows[0]["id"])
        if not await other.rows("SELECT id FROM orders WHERE tenant_id = $1"):
            await counter_order(other)
        rows = await other.rows("SELECT id FROM orders WHERE tenant_id = $1")
        told["foreign"] = str(rows[0]["id"])
    elif kind == "staff":
        await other.staff_login("advisor")
        rows = await other.rows("SELECT id FROM staff WHERE tenant_id = $1 AND state = 'active'")
        told["foreign"] = str(rows[0]["id"])
    elif kind in ("session", "step_up", "approval"):
        if other.tenant_id not in _accounts:
            async with unit_of_work(other.tenant_id):
                await add_staff("all", "全", "admin")
                _accounts[other.tenant_id] = await full_account("all")
        told["foreign"] = str(getattr(_accounts[other.tenant_id], f"{kind}_id"))
    elif kind == "note":
        for sort, shop, member in (
            ("out of scope", divided.shop, divided.members["bob's"]),
            ("foreign", other, await other.member(PHONES["ann's"])),
        ):
            async with unit_of_work(shop.tenant_id):
                told[sort] = str(await add_note(member, "爱喝龙井"))
    elif kind == "upload":
        for sort, shop in (("out of scope", divided.shop), ("foreign", other)):
            async with unit_of_work(shop.tenant_id):
                told[sort] = str((await upload_picture(uuid4(), read_picture(JPEG))).id)
    elif kind == "rule":
        async with unit_of_work(other.tenant_id):
            told["foreign"] = str(await full_rule("x"))
    elif kind == "campaign":
        if not await other.rows("SELECT id FROM campaign WHERE tenant_id = $1"):
            async with unit_of_work(other.tenant_id):
                await full_campaign("C")
        rows = await other.rows("SELECT id FROM campaign WHERE tenant_id = $1")
        told["foreign"] = str(rows[0]["id"])
    elif kind == "export":
        for sort, shop in (("out of scope", divided.shop), ("foreign", other)):
            told[sort] = await _export_of(shop)
    elif kind in ("category", "item", "import", "row", "file"):
        told["foreign"] = await _of_the_catalog(other, kind)
    elif kind == "candidate":
        one, another = await other.member(PHONES["ann's"]), await other.member("13700137009")
        async with unit_of_work(other.tenant_id):
            await note_double(one, another, DoubleReason.PHONE)
        rows = await other.rows("SELECT id FROM merge_candidate WHERE tenant_id = $1")
        told["foreign"] = str(rows[0]["id"])
    elif kind in _TABLES:
        table = _TABLES[kind]
        if not await other.rows(f"SELECT id FROM {table} WHERE tenant_id = $1"):
            await divide(other)
        rows = await other.rows(f"SELECT id FROM {table} WHERE tenant_id = $1")
        told["foreign"] = str(rows[0]["id"])
    elif kind in ("interaction", "task", "alert"):
        table = f"SELECT id FROM {kind} WHERE tenant_id = $1 AND member_id = $2"
        rows = await divided.shop.rows(table, divided.members["bob's"])
        told["out of scope"] = str(rows[0]["id"])
        if not await other.rows(f"SELECT id FROM {kind} WHERE tenant_id = $1"):
            await divide(other)
        rows = await other.rows(f"SELECT id FROM {kind} WHERE tenant_id = $1")
        told["foreign"] = str(rows[0]["id"])
    else:
        await other.sold(other.ticket(store="S9"))
        rows = await other.rows("SELECT id FROM quarantined_ticket WHERE tenant_id = $1")
        told["foreign"] = str(rows[0]["id"])
    return told


async def _of_the_catalog(shop: Shop, kind: str) -> str:
    """An id of the shop's: of what an import has left, or of a file that waits for one."""
    if not await shop.rows("SELECT id FROM item WHERE tenant_id = $1"):
        await imported(shop, "code,name,category,price\nA,茶,饮品,1\nB,袋,,-1\n".encode())
        async with unit_of_work(shop.tenant_id):
            await stored(b"code\nA\n")
    table = {"import": "file_import", "row": "refused_row"}.get(kind, kind)
    rows = await shop.rows(f"SELECT id FROM {table} WHERE tenant_id = $1")
    return str(rows[0]["id"])


async def _export_of(shop: Shop) -> str:
    """An export of somebody else's."""
    async with unit_of_work(shop.tenant_id):
        await add_staff("exporter", "别人", "operator")
        export_id = await asked_export(await staff_id_of("exporter"))
        await fetch("UPDATE export SET state = 'revoked' WHERE tenant_id = $1")
    return str(export_id)


async def _login(shop: Shop, divided: Divided) -> dict[str, str]:
    """Somebody with every permission there is, those that can be narrowed for store S1 alone."""
    admin, known = ready_made_role("admin"), declared_permissions()
    everything = {
        key: Scope.STORES if Scope.STORES in known[key].scopes else scope
        for key, scope in admin.permissions.items()
    }
    grants = tuple(Grant(key, scope) for key, scope in everything.items())
    role = Wanted("Keeper", "店长", grants, tuple(EVERY_CLASS))
    async with unit_of_work(shop.tenant_id):
        await create_role(None, "keeper", role)
        await add_staff("keeper", "店长", "keeper")
        token = await issue_staff_token("keeper")
    rows = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'keeper'")
    async with unit_of_work(shop.tenant_id):
        await set_stores(rows[0]["id"], [divided.stores["S1"]])
    return {"authorization": f"Bearer {token}"}


@pytest.mark.slow
async def test_no_id_tells_what_lies_behind_it(
    guarded_client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    divided = await divide(shop)
    headers = {"narrowed": await _login(shop, divided), "admin": await shop.staff_login("admin")}
    wrong = []
    for place, document in DOCUMENTS.items():
        ids = await _ids(divided, other_shop, NAMED[place])
        for who, login in headers.items():
            answers = {}
            for kind, row_id in ids.items():
                if (who, kind) == ("admin", "out of scope"):
                    continue
                answer = await guarded_client.post(
                    f"/t/{shop.slug}/staff/graphql",
                    json={
                        "query": document,
                        "variables": {"id": row_id, "key": f"k-{next(_keys)}"},
                    },
                    headers=login,
                )
                body = answer.json()
                # A document that the API refuses as a whole would tell nothing of any id.
                assert "data" in body, (place, who, body)
                answers[kind] = (answer.status_code, answer.content)
            if len(set(answers.values())) != 1:
                wrong.append((place, who, answers))
    assert wrong == []


@pytest.mark.parametrize("place", [("member", "id"), ("renameMember", "id")])
async def test_an_id_that_may_be_seen_is_answered_otherwise(
    place: tuple[str, str], client: httpx.AsyncClient, shop: Shop
) -> None:
    """Or the comparison above could not tell a leak."""
    divided = await divide(shop)
    login, told = await _login(shop, divided), []
    for member_id in (str(divided.members["ann's"]), str(uuid4())):
        answer = await client.post(
            f"/t/{shop.slug}/staff/graphql",
            json={"query": DOCUMENTS[place], "variables": {"id": member_id}},
            headers=login,
        )
        told.append(answer.json()["data"])
    assert told[0] != told[1]

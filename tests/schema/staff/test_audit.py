"""Whatever staff change is in the audit: with who, from where, before and after."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from graphql import GraphQLObjectType
from tests.core.wechat.people import bound, claim_id, visitor, with_phone
from tests.schema.staff.account_acts import ACCOUNT_MUTATIONS, ACCOUNT_TYPES
from tests.schema.staff.campaign_acts import CAMPAIGN_MUTATIONS
from tests.schema.staff.catalog_acts import CATALOG_MUTATIONS
from tests.schema.staff.disclosure_acts import DISCLOSURE_MUTATIONS
from tests.schema.staff.order_acts import ORDER_MUTATIONS
from tests.schema.staff.personal_data_acts import PERSONAL_DATA_MUTATIONS
from tests.schema.staff.staff import ask as ask_api
from tests.schema.staff.staff import code_of, data
from tests.support.accounts import compared, step_up_of
from tests.support.exports import as_staff, staff_id_of
from tests.support.follow_up import act as act_in
from tests.support.follow_up import ask
from tests.support.full_tenants import full_rule
from tests.support.shop import Shop

from shuke_core.access.rights import Scope
from shuke_core.alerts.services import raise_alert
from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.codes import new_member_code
from shuke_core.members.doubles import DoubleReason, note_double
from shuke_core.merging.services import merge_members
from shuke_core.notes.services import add_note
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.role_services import Grant, Wanted, create_role
from shuke_core.tasks.reminders import OVERDUE
from shuke_core.tasks.services import NewTask, create_task
from shuke_schema.composition import compose
from shuke_schema.http.door import graphql_schema
from shuke_schema.parts import Audience

ENTRIES = """
query ($act: String, $subject: String, $member: ID, $after: String, $first: Int! = 50) {
  auditEntries(act: $act, subject: $subject, memberId: $member, first: $first, after: $after) {
    edges { node { position actorKind actorName source act subject changes } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def _entries(client: httpx.AsyncClient, shop: Shop, **variables: Any) -> list[dict[str, Any]]:
    page = (await data(client, shop, ENTRIES, "auditor", **variables))["auditEntries"]
    return [edge["node"] for edge in page["edges"]]


async def _member(shop: Shop) -> dict[str, Any]:
    return {"id": str(await shop.member("13800138000")), "name": "王小明"}


async def _twice(shop: Shop) -> dict[str, Any]:
    """Two records of one person."""
    return {"id": str(await shop.member("13800138001")), "key": "k-1"} | {
        "other": str(await shop.member("13800138002"))
    }


async def _to_merge(shop: Shop) -> dict[str, Any]:
    found = await _twice(shop)
    meant = {"survivor": found["id"], "absorbed": found["other"], "choices": {}, "reason": ""}
    await shop.staff_login()
    return {**found, "stepUp": await step_up_of(shop, "admin", "members.merge", meant)}


async def _pair(shop: Shop) -> dict[str, Any]:
    """Two who may be one person."""
    found = await _twice(shop)
    async with unit_of_work(shop.tenant_id):
        await note_double(UUID(found["id"]), UUID(found["other"]), DoubleReason.PHONE)
    (row,) = await shop.rows("SELECT id FROM merge_candidate WHERE tenant_id = $1")
    return {"id": str(row["id"])}


async def _merged(shop: Shop) -> dict[str, Any]:
    found = await _twice(shop)
    async with unit_of_work(shop.tenant_id):
        return {"id": str(await merge_members(UUID(found["id"]), UUID(found["other"])))}


async def _code(shop: Shop) -> dict[str, Any]:
    member = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        return {"code": (await new_member_code(member)).text}


async def _note(shop: Shop) -> dict[str, Any]:
    """A note that the admin wrote."""
    member = await shop.member("13800138000")
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        as_staff(await staff_id_of("admin"))
        return {"id": str(await add_note(member, "爱喝龙井"))}


async def _ticket(shop: Shop) -> dict[str, Any]:
    await shop.sold(shop.ticket(store="S9"))
    rows = await shop.rows("SELECT id FROM quarantined_ticket WHERE tenant_id = $1")
    return {"id": str(rows[0]["id"]), "key": "k-1", "fields": {"store": "S1"}}


async def _key(_: Shop) -> dict[str, Any]:
    return {"key": "retail", "settings": {}}


ROLE = {
    "label": "Guide",
    "labelZh": "导购",
    "grants": [{"permission": "members.read", "scope": "OWN"}],
    "fieldClasses": ["CONTACT"],
}


async def _colleague(shop: Shop) -> dict[str, Any]:
    """Somebody who has been given a member, and another who has not."""
    member = await _member(shop)
    await shop.staff_login("advisor")
    rows = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND role = 'advisor'")
    advisor = rows[0]["id"]
    return {"id": str(advisor), "members": {"ids": [member["id"]]}, "member": member["id"]}


async def _charge(shop: Shop) -> dict[str, Any]:
    asked = await _colleague(shop)
    async with unit_of_work(shop.tenant_id):
        await assign_members(Chosen(ids=[UUID(asked["member"])]), UUID(asked["id"]))
    return asked


async def _role(shop: Shop) -> dict[str, Any]:
    return await _of_role(shop, "roles.create", {"key": "guide", "role": compared(ROLE)})


async def _of_role(shop: Shop, operation: str, meant: dict[str, Any]) -> dict[str, Any]:
    await shop.staff_login()
    step_up = await step_up_of(shop, "admin", operation, meant)
    return {"key": "guide", "wanted": ROLE, "stepUp": step_up}


async def _made_role(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        wanted = Wanted("Guide", "导购", (Grant("members.read", Scope.ALL),), ())
        await create_role(None, "guide", wanted)


async def _changed_role(shop: Shop) -> dict[str, Any]:
    await _made_role(shop)
    return await _of_role(shop, "roles.change", {"key": "guide", "role": compared(ROLE)})


async def _removed_role(shop: Shop) -> dict[str, Any]:
    await _made_role(shop)
    return await _of_role(shop, "roles.remove", {"key": "guide"})


async def _placed(shop: Shop) -> dict[str, Any]:
    asked = await _colleague(shop)
    meant = {"staff": asked["id"], "stores": ["S1"]}
    return asked | await _of_role(shop, "staff.set_stores", meant)


async def _inquiry(shop: Shop) -> dict[str, Any]:
    """Something that a member asked."""
    return {"id": str(await ask(shop, await shop.member("13800138000")))}


async def _task(shop: Shop) -> dict[str, Any]:
    """A task that an admin may claim."""
    new = NewTask(Addressee(role="admin"), clock.now() + timedelta(hours=1))
    return {"id": str(await act_in(shop, lambda: create_task(new))), "key": "k-1"}


async def _alert(shop: Shop) -> dict[str, Any]:
    to = Addressee(role="admin")
    await act_in(shop, lambda: raise_alert(OVERDUE, "k", "x:1", to))
    rows = await shop.rows("SELECT id FROM alert WHERE tenant_id = $1")
    return {"id": str(rows[0]["id"])}


async def _claim(shop: Shop) -> dict[str, Any]:
    """A claim that waits, of a visitor on somebody else's phone."""
    await with_phone(shop, "o-1")
    await bound(shop, await visitor(shop, "o-2"))
    return {"id": str(await claim_id(shop))}


async def _members_claim(shop: Shop) -> dict[str, Any]:
    """A claim that waits, of a member on another member's phone."""
    await shop.member("13800138001")
    await bound(shop, await with_phone(shop, "o-1", "13800138002"), "13800138001")
    meant = {"id": str(await claim_id(shop))}
    await shop.staff_login()
    return {**meant, "stepUp": await step_up_of(shop, "admin", "phone_claims.merge", meant)}


async def _rule(shop: Shop) -> dict[str, Any]:
    async with unit_of_work(shop.tenant_id):
        return {"id": str(await full_rule("x"))}


_DOCUMENT = 'document: {field: "member.gender", op: "present"}'
_IDENTITY = 'identity: {kind: "erp", issuer: "kingdee", value: "C-10086"}'
_BIND = f"bindIdentity(id: $id, {_IDENTITY})"
_QUESTION = '{key: "q", labelZh: "问", labelEn: "Q", type: TEXT}'
_SAVE = f'saveForm(key: "f", labelZh: "表", labelEn: "F", questions: [{_QUESTION}])'
_BLOCK = 'blockMember(id: $id, purpose: POINTS, reason: "退货过多")'
_SAVE_FIELD = (
    'saveProfileField(field: {key: "shoes", kind: NUMBER, labelZh: "鞋码", labelEn: "Shoes"})'
)
_CLAIM = "claimTask(id: $id)"

# What each mutation is asked with, and the act that it leaves.
MUTATIONS: dict[str, tuple[str, Any, str]] = {
    "renameMember": ("renameMember(id: $id, name: $name)", _member, "member.renamed"),
    "mergeMembers": (
        "mergeMembers(survivor: $id, absorbed: $other, idempotencyKey: $key, stepUp: $stepUp)",
        _to_merge,
        "member.merged",
    ),
    "setMergeSettings": ("setMergeSettings(undoDays: 60)", _key, "merging.window_set"),
    "dismissMergeCandidate": (
        "dismissMergeCandidate(id: $id)",
        _pair,
        "merge_candidate.dismissed",
    ),
    "undoMerge": ("undoMerge(id: $id)", _merged, "member.unmerged"),
    "updateMember": (
        "updateMember(id: $id, version: 1, profile: {name: $name})",
        _member,
        "member.changed",
    ),
    "redeemMemberCode": ("redeemMemberCode(code: $code)", _code, "member.code_redeemed"),
    "blockMember": (_BLOCK, _member, "member.blocked"),
    "unblockMember": (
        f"{_BLOCK} {{ errors {{ code }} }} unblockMember(id: $id, purpose: POINTS)",
        _member,
        "member.unblocked",
    ),
    "addNote": ('addNote(memberId: $id, text: "x")', _member, "note.written"),
    "removeNote": ("removeNote(id: $id)", _note, "note.removed"),
    "saveProfileField": (_SAVE_FIELD, _key, "profile_field.saved"),
    "retireProfileField": ('retireProfileField(key: "gender")', _key, "profile_field.retired"),
    "assignMembers": (
        "assignMembers(members: $members, advisorId: $id)",
        _colleague,
        "members.assigned",
    ),
    "assignAutomatically": (
        "assignAutomatically(members: $members, way: ROUND_ROBIN)",
        _colleague,
        "members.assigned",
    ),
    "handOver": ("handOver(advisorId: $id)", _charge, "members.assigned"),
    "createRole": ("createRole(key: $key, role: $wanted, stepUp: $stepUp)", _role, "role.created"),
    "changeRole": (
        "changeRole(key: $key, role: $wanted, stepUp: $stepUp)",
        _changed_role,
        "role.changed",
    ),
    "removeRole": ("removeRole(key: $key, stepUp: $stepUp)", _removed_role, "role.removed"),
    "setAway": (
        'setAway(staff: $id, since: "2026-11-01T00:00:00Z")',
        _colleague,
        "staff.away",
    ),
    "setStores": (
        'setStores(staff: $id, stores: ["S1"], stepUp: $stepUp)',
        _placed,
        "staff.stores",
    ),
    "correctTicket": (
        "correctTicket(id: $id, fields: $fields, idempotencyKey: $key)",
        _ticket,
        "ticket.corrected",
    ),
    "discardTicket": ("discardTicket(id: $id, idempotencyKey: $key)", _ticket, "ticket.discarded"),
    "replayTickets": (
        'replayTickets(integration: "till", idempotencyKey: $key)',
        _ticket,
        "tickets.replayed",
    ),
    "enablePlugin": ("enablePlugin(key: $key)", _key, "plugin.enabled"),
    "disablePlugin": (
        'enablePlugin(key: "retail") { plugin { key } } disablePlugin(key: $key)',
        _key,
        "plugin.disabled",
    ),
    "configurePlugin": (
        "configurePlugin(key: $key, settings: $settings)",
        _key,
        "plugin.configured",
    ),
    **ACCOUNT_MUTATIONS,
    **ORDER_MUTATIONS,
    "answerInteraction": (
        'answerInteraction(id: $id, answer: "好")',
        _inquiry,
        "interaction.answered",
    ),
    "closeInteraction": ("closeInteraction(id: $id)", _inquiry, "interaction.closed"),
    "saveForm": (_SAVE, _key, "form.saved"),
    "closeForm": (
        f'{_SAVE} {{ errors {{ code }} }} closeForm(key: "f")',
        _key,
        "form.closed",
    ),
    "setFollowUpRule": (
        'setFollowUpRule(rule: {kind: INQUIRY, role: "clerk"})',
        _key,
        "follow_up_rule.set",
    ),
    "saveRule": (f'saveRule(name: "n", subject: "member", {_DOCUMENT})', _key, "rule.saved"),
    "changeRule": (f'changeRule(id: $id, after: 1, name: "n", {_DOCUMENT})', _rule, "rule.saved"),
    "retireRule": ("retireRule(id: $id)", _rule, "rule.retired"),
    "createTask": (
        'createTask(to: {role: "admin"}, dueAt: "2027-01-01T00:00:00Z", note: "x", '
        "idempotencyKey: $key)",
        _task,
        "task.created",
    ),
    "claimTask": (_CLAIM, _task, "task.claimed"),
    "startTask": (f"{_CLAIM} {{ errors {{ code }} }} startTask(id: $id)", _task, "task.started"),
    "completeTask": ("completeTask(id: $id, version: 1)", _task, "task.done"),
    "cancelTask": ("cancelTask(id: $id, version: 1)", _task, "task.cancelled"),
    "handOverTask": (
        'handOverTask(id: $id, version: 1, to: {role: "clerk"})',
        _task,
        "task.handed_over",
    ),
    **CATALOG_MUTATIONS,
    **CAMPAIGN_MUTATIONS,
    **DISCLOSURE_MUTATIONS,
    **PERSONAL_DATA_MUTATIONS,
    "bindIdentity": (_BIND, _member, "member.identity_bound"),
    "unbindIdentity": (
        f"{_BIND} {{ errors {{ code }} }} unbindIdentity(id: $id, {_IDENTITY})",
        _member,
        "member.identity_unbound",
    ),
    "decidePhoneClaim": (
        "decidePhoneClaim(id: $id, samePerson: true)",
        _claim,
        "phone_claim.decided",
    ),
    "mergePhoneClaim": (
        "mergePhoneClaim(id: $id, stepUp: $stepUp)",
        _members_claim,
        "member.merged",
    ),
    "acknowledgeAlert": ("acknowledgeAlert(id: $id)", _alert, "alert.acknowledged"),
}
_TYPES = {
    "id": "ID!",
    "other": "ID!",
    "code": "String!",
    "name": "String!",
    "key": "String!",
    "fields": "JSON!",
    "settings": "JSON!",
    **ACCOUNT_TYPES,
    "members": "MemberChoice!",
    "wanted": "RoleInput!",
}


def test_every_mutation_is_looked_at() -> None:
    kind = graphql_schema(compose(Audience.STAFF, [])).mutation_type
    assert isinstance(kind, GraphQLObjectType)
    assert set(kind.fields) == set(MUTATIONS)


@pytest.mark.parametrize("name", MUTATIONS)
async def test_what_staff_change_is_recorded_as_theirs(
    name: str, guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    call, prepare, act = MUTATIONS[name]
    asked = await prepare(shop)
    given = {k: v for k, v in asked.items() if re.search(rf"\${k}\b", call)}
    named = ", ".join(f"${key}: {_TYPES[key]}" for key in given)
    document = f"mutation {f'({named})' if named else ''} {{ {call} {{ errors {{ code }} }} }}"
    await data(guarded_client, shop, document, **given)
    found = await _entries(guarded_client, shop, act=act)
    entry, *_ = [each for each in found if each["actorKind"] == "STAFF"]  # not what prepared it
    assert entry["actorName"] == "小admin"
    assert entry["source"]


async def test_before_and_after_can_be_searched_for_by_member(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await _member(shop)
    rename = """
    mutation ($id: ID!, $name: String!) { renameMember(id: $id, name: $name) { errors { code } } }
    """
    for name in ("王小明", "王大明"):
        await data(client, shop, rename, "clerk", id=member["id"], name=name)
    found = await _entries(client, shop, member=member["id"])
    assert [entry["changes"] for entry in found] == [
        {"name": ["王**", "王**"]},
        {"name": [None, "王**"]},
    ]
    for _ in range(2):
        await shop.work("relay", "reactions")
    later = await _entries(client, shop, member=member["id"])
    positions = [entry["position"] for entry in later]
    assert positions == sorted(positions, reverse=True)
    assert None not in positions
    assert await _entries(client, shop, member="x") == []


async def test_of_a_corrected_ticket_nothing_personal_is_kept(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    ticket = await _ticket(shop)
    correct = """
    mutation ($id: ID!, $fields: JSON!) {
      correctTicket(id: $id, fields: $fields, idempotencyKey: "k") { errors { code } }
    }
    """
    fields = {"store": "S1", "phone": "13800138000", "name": "王小明", "card": "C-4711", "x": "王"}
    await data(client, shop, correct, "operator", id=ticket["id"], fields=fields)
    (entry,) = await _entries(client, shop, act="ticket.corrected")
    assert entry["changes"] == {
        "store": ["S9", "S1"],
        "phone": [None, "13*******00"],
        "name": [None, "***"],
        "card": [None, "***"],
        "x": [None, "***"],
    }


async def test_a_refused_act_leaves_no_entry(client: httpx.AsyncClient, shop: Shop) -> None:
    rename = 'mutation { renameMember(id: "x", name: "y") { errors { code } } }'
    await data(client, shop, rename)
    assert await _entries(client, shop, act="member.renamed") == []


async def test_pages_and_who_may_look(client: httpx.AsyncClient, shop: Shop) -> None:
    for role in ("admin", "clerk", "operator", "auditor"):
        await shop.staff_login(role)
    first = (await data(client, shop, ENTRIES, "auditor", first=3))["auditEntries"]
    rest = await _entries(client, shop, first=50, after=first["pageInfo"]["endCursor"])
    everything = await _entries(client, shop)
    assert [edge["node"] for edge in first["edges"]] + rest == everything
    for role in ("clerk", "operator"):
        assert code_of(await ask_api(client, shop, ENTRIES, role)) == "PERMISSION_DENIED"

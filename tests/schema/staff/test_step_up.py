"""Step-ups: each sensitive operation is refused without a grant that was made for just that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from graphql import GraphQLObjectType
from tests.core.wechat.people import bound, claim_id, with_phone
from tests.support.accounts import Jumps, Person, asked, codes_of, hired, person
from tests.support.shop import Shop

from shuke_core.access.permissions import APPROVALS_DECIDE
from shuke_core.access.rights import Scope
from shuke_core.kit.transactions import unit_of_work
from shuke_core.staff.demands import SecondFactorRule
from shuke_core.staff.role_services import Grant, Wanted, create_role
from shuke_core.staff.roles import ready_made_role, rights_of
from shuke_core.staff.sessions import open_session
from shuke_core.stepup.approvals import ask_approval, set_approval_limit
from shuke_core.stepup.operations import (
    canonical,
    demands_step_up,
    forget_operation,
    sensitive_operations,
)
from shuke_schema.composition import compose
from shuke_schema.http.door import graphql_schema
from shuke_schema.parts import Audience
from shuke_schema.projection.arguments import NOBODY

Prepared = tuple[dict[str, Any], dict[str, Any]]  # the arguments that are meant, and others


@dataclass(frozen=True)
class Sensitive:
    """How an operation is asked for: the mutation, and what makes arguments for it."""

    mutation: str
    prepare: Callable[[Shop, Person], Awaitable[Prepared]]
    act: str
    is_keyed: bool = False  # the mutation takes an idempotency key as well


async def _role(shop: Shop, _: Person) -> Prepared:
    staff = str(await hired(shop, "target", "operator"))
    return {"staff": staff, "role": "clerk"}, {"staff": staff, "role": "auditor"}


async def _invite(_: Shop, __: Person) -> Prepared:
    meant = {"handle": "fresh", "name": "新人", "role": "admin"}
    return meant, meant | {"name": "别人"}


async def _target(shop: Shop, _: Person) -> Prepared:
    one, other = await hired(shop, "target"), await hired(shop, "another")
    return {"staff": str(one)}, {"staff": str(other)}


async def _rule(_: Shop, __: Person) -> Prepared:
    return {"rule": "admins"}, {"rule": "everybody"}


async def _limit(_: Shop, __: Person) -> Prepared:
    meant = {"operation": "staff.change_role", "most": 0}
    return meant, meant | {"most": None}


async def _export(_: Shop, __: Person) -> Prepared:
    meant = {"kind": "members", "columns": ["cardNo"], "filters": {}, "reason": "月报"}
    return meant, meant | {"columns": ["cardNo", "joinedAt"]}


async def _revealing(_: Shop, __: Person) -> Prepared:
    meant = {"kind": "members", "columns": ["phone"], "filters": {}, "reason": "月报"}
    return meant, meant | {"columns": ["phone", "cardNo"]}


async def _limits(_: Shop, __: Person) -> Prepared:
    meant = {"hourly": 5, "daily": 9, "unusual": 7, "rows": 10}
    return meant, meant | {"rows": 11}


async def _approval(shop: Shop, me: Person) -> Prepared:
    asker = await person(shop, me.jumps, "asker", "admin")
    arguments = {"handle": "x", "name": "x", "role": "admin"}
    approval = await asker.acts(lambda: _asked(asker, "staff.invite", arguments))
    return {"approval": approval, "approve": True}, {"approval": approval, "approve": False}


_WANTED = {
    "label": "Guide",
    "labelZh": "导购",
    "grants": [{"permission": "members.read", "scope": "stores"}],
    "fieldClasses": ["contact"],
}


async def _new_role(_: Shop, __: Person) -> Prepared:
    wider = [{"permission": "members.read", "scope": "all"}]
    return (
        {"key": "guide", "role": _WANTED},
        {"key": "guide", "role": _WANTED | {"grants": wider}},
    )


async def _other_role(shop: Shop, me: Person) -> Prepared:
    for key in ("guide", "helper"):
        async with unit_of_work(shop.tenant_id):
            await create_role(None, key, Wanted("Guide", "导购", (), ()))
    meant, _ = await _new_role(shop, me)
    return meant, {"key": "guide", "role": _WANTED | {"fieldClasses": ["contact", "money"]}}


async def _gone_role(shop: Shop, me: Person) -> Prepared:
    await _other_role(shop, me)
    return {"key": "guide"}, {"key": "helper"}


async def _places(shop: Shop, _: Person) -> Prepared:
    await shop.sold(shop.ticket(store="S1"), shop.ticket(store="S2"))
    staff = str(await hired(shop, "target"))
    return {"staff": staff, "stores": ["S1"]}, {"staff": staff, "stores": ["S1", "S2"]}


async def _member(shop: Shop, _: Person) -> Prepared:
    meant = {"member": str(await shop.member("13800138000")), "reason": "asked at the till"}
    return meant, meant | {"member": str(await shop.member("13900139000"))}


async def _erased(shop: Shop, _: Person) -> Prepared:
    meant = {"member": str(await shop.member("13800138000")), "ground": "asked_in_person"}
    return meant, meant | {"ground": "required_by_law"}


async def _pair(shop: Shop, _: Person) -> Prepared:
    one, other = await shop.member("13800138000"), await shop.member("13900139000")
    meant = {"survivor": str(one), "absorbed": str(other), "choices": {}, "reason": "同一人"}
    return meant, meant | {"choices": {"name": "absorbed"}}


async def _claims(shop: Shop, _: Person) -> Prepared:
    """Of a member who has a phone by WeChat, and verifies one that is another member's."""
    await shop.member("13800138001")
    member = await with_phone(shop, "o-1", "13800138002")
    await bound(shop, member, "13800138001")
    return {"id": str(await claim_id(shop))}, {"id": str(member)}


async def _asked(asker: Person, operation: str, arguments: dict[str, Any]) -> str:
    rights = rights_of(ready_made_role("admin"), NOBODY)
    return str(await ask_approval(asker.id, operation, arguments, "busy", rights))


SENSITIVE = {
    "staff.change_role": Sensitive("changeStaffRole", _role, "staff.role_changed"),
    "staff.invite": Sensitive("inviteStaff", _invite, "staff.invited"),
    "staff.issue_reset_code": Sensitive("issueResetCode", _target, "staff.reset_code_issued"),
    "staff.remove_second_factor": Sensitive(
        "removeSecondFactor", _target, "staff.second_factor_removed"
    ),
    "staff.set_second_factor_rule": Sensitive("setSecondFactorRule", _rule, "staff.rules_set"),
    "staff.set_stores": Sensitive("setStores", _places, "staff.stores"),
    "roles.create": Sensitive("createRole", _new_role, "role.created"),
    "roles.change": Sensitive("changeRole", _other_role, "role.changed"),
    "roles.remove": Sensitive("removeRole", _gone_role, "role.removed"),
    "exports.request": Sensitive("requestExport", _export, "export.requested"),
    "exports.reveal": Sensitive("requestExport", _revealing, "export.requested"),
    "disclosure.set_limits": Sensitive("setDisclosureLimits", _limits, "disclosure.limits_set"),
    "approvals.set_limit": Sensitive("setApprovalLimit", _limit, "approval.limit_set"),
    "approvals.decide": Sensitive("decideApproval", _approval, "approval.decided"),
    "members.erase": Sensitive("eraseMember", _erased, "member.erased"),
    "members.merge": Sensitive("mergeMembers", _pair, "member.merged", is_keyed=True),
    "phone_claims.merge": Sensitive("mergePhoneClaim", _claims, "phone_claim.decided"),
    "members.hand_over_data": Sensitive("handOverMemberData", _member, "member.data_handed_over"),
}


def test_every_sensitive_operation_is_looked_at() -> None:
    assert set(sensitive_operations()) == set(SENSITIVE)


def test_every_mutation_that_takes_a_step_up_is_one_of_them() -> None:
    kind = graphql_schema(compose(Audience.STAFF, [])).mutation_type
    assert isinstance(kind, GraphQLObjectType)
    taking = {name for name, field in kind.fields.items() if "stepUp" in field.args} - {
        "confirmStepUp"
    }
    assert taking == {each.mutation for each in SENSITIVE.values()}
    for key, each in SENSITIVE.items():
        assert set(sensitive_operations()[key].names) == set(kind.fields[each.mutation].args) - {
            "stepUp",
            *(["idempotencyKey"] if each.is_keyed else []),
        }


def _literal(name: str, value: Any) -> str:
    """The value as GraphQL writes it."""
    if name in ("rule", "scope", "ground"):
        return str(value).upper()
    if name == "choices":  # named by field, as they are compared
        named = (f"{{field: {its.upper()}, rule: {rule.upper()}}}" for its, rule in value.items())
        return f"[{', '.join(named)}]"
    if name == "fieldClasses":
        return f"[{', '.join(each.upper() for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{each}: {_literal(each, its)}' for each, its in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_literal('', each) for each in value)}]"
    return orjson.dumps(value).decode()


async def granted(me: Person, client: httpx.AsyncClient, key: str, arguments: Any) -> str:
    """A confirmed step-up."""
    begin = (
        "mutation ($arguments: JSON!) { it: beginStepUp("
        f'operation: "{key}", arguments: $arguments) {{ stepUp errors {{ code }} }} }}'
    )
    begun = (await me.ask(client, begin, arguments=arguments))["data"]["it"]
    assert begun["errors"] == []
    step_up = begun["stepUp"]
    confirmed = await me.mutate(
        client, f'confirmStepUp(stepUp: "{step_up}", code: "{me.code()}")', "stepUp expiresAt"
    )
    assert codes_of(confirmed) == []
    return str(step_up)


async def done(
    me: Person, client: httpx.AsyncClient, key: str, arguments: Any, step_up: str | None
) -> list[str]:
    """The codes with which the operation was refused."""
    given = {name: _literal(name, value) for name, value in arguments.items()}
    given |= {"stepUp": f'"{step_up}"'} if step_up else {}
    given |= {"idempotencyKey": f'"{uuid4()}"'} if SENSITIVE[key].is_keyed else {}
    called = ", ".join(f"{name}: {value}" for name, value in given.items())
    return codes_of(await me.mutate(client, f"{SENSITIVE[key].mutation}({called})"))


@pytest.mark.slow
@pytest.mark.parametrize("key", SENSITIVE)
async def test_a_grant_is_for_one_person_one_set_of_arguments_and_once(
    key: str, guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, required = guarded_client, ["STEP_UP_REQUIRED"]
    boss = await person(shop, jumps, "boss", "admin")
    other = await person(shop, jumps, "other", "admin")
    meant, others = await SENSITIVE[key].prepare(shop, boss)

    async def acts() -> int:
        rows = await shop.rows(
            "SELECT count(*) AS n FROM audit_entry WHERE tenant_id = $1 AND act = $2 "
            "AND actor_kind = 'staff'",
            SENSITIVE[key].act,
        )
        return int(rows[0]["n"])

    before = await acts()
    assert await done(boss, client, key, meant, None) == required
    assert await done(boss, client, key, meant, "no-id") == required
    assert (
        await done(boss, client, key, meant, await granted(other, client, key, meant)) == required
    )
    grant = await granted(boss, client, key, meant)
    assert await done(boss, client, key, others, grant) == required
    assert await acts() == before
    expired = await granted(boss, client, key, meant)
    jumps.by(minutes=5)
    assert await done(boss, client, key, meant, expired) == required
    elsewhere = "staff.set_second_factor_rule"
    if key != elsewhere:
        stray = await granted(boss, client, elsewhere, {"rule": "admins"})
        assert await done(boss, client, key, meant, stray) == required
    good = await granted(boss, client, key, meant)
    assert await done(boss, client, key, meant, good) == []
    assert await acts() == before + 1
    assert await done(boss, client, key, meant, good) == required
    assert await acts() == before + 1


async def test_what_is_no_such_operation_or_not_its_arguments_is_refused(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    boss = await person(shop, jumps, "boss", "admin")
    bare = await person(shop, jumps, "bare", "admin", second_factor=False)
    lina = await person(shop, jumps, "lina", "clerk")
    begin = """mutation ($operation: String!, $arguments: JSON!) {
      it: beginStepUp(operation: $operation, arguments: $arguments) {
        stepUp errors { code message } } }"""

    async def begun(me: Person, operation: str, **arguments: Any) -> Any:
        return await me.ask(guarded_client, begin, operation=operation, arguments=arguments)

    rule = "staff.set_second_factor_rule"
    unknown = (await begun(boss, "staff.sing", a=1))["data"]["it"]
    assert codes_of(unknown) == ["STEP_UP_OPERATION_UNKNOWN"]
    for arguments in ({}, {"rule": "admins", "more": 1}, {"role": "admins"}):
        answer = (await begun(boss, rule, **arguments))["data"]["it"]
        assert codes_of(answer) == ["STEP_UP_ARGUMENTS_INVALID"]
    assert codes_of((await begun(bare, rule, rule="admins"))["data"]["it"]) == [
        "SECOND_FACTOR_MISSING"
    ]
    denied = await begun(lina, rule, rule="admins")
    assert denied["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"


async def test_codes_are_few_are_the_persons_own_and_no_recovery_codes(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    boss = await person(shop, jumps, "boss", "admin")
    other = await person(shop, jumps, "other", "admin")
    begin = (
        'mutation { it: beginStepUp(operation: "staff.set_second_factor_rule", '
        'arguments: {rule: "admins"}) { stepUp } }'
    )
    made = await boss.mutate(
        guarded_client, f'renewRecoveryCodes(code: "{boss.code()}")', "recoveryCodes"
    )

    async def begun() -> str:
        return str((await boss.ask(guarded_client, begin))["data"]["it"]["stepUp"])

    async def confirmed(who: Person, step_up: str, code: str) -> list[str]:
        call = f'confirmStepUp(stepUp: "{step_up}", code: "{code}")'
        return codes_of(await who.mutate(guarded_client, call))

    step_up = await begun()
    assert await confirmed(other, step_up, other.code()) == ["STEP_UP_UNKNOWN"]
    assert await confirmed(boss, step_up, made["recoveryCodes"][0]) == ["SECOND_FACTOR_WRONG"]
    for _ in range(4):
        assert await confirmed(boss, step_up, boss.wrong_code()) == ["SECOND_FACTOR_WRONG"]
    assert await confirmed(boss, step_up, boss.code()) == ["STEP_UP_UNKNOWN"]
    step_up = await begun()
    for _ in range(4):
        assert await confirmed(boss, step_up, boss.wrong_code()) == ["SECOND_FACTOR_WRONG"]
    again = await begun()
    # The tenth wrong one: now no code is right, for a minute.
    assert await confirmed(boss, again, boss.wrong_code()) == ["SECOND_FACTOR_WRONG"]
    assert await confirmed(boss, again, boss.code()) == ["SECOND_FACTOR_WRONG"]
    jumps.by(seconds=61)
    assert await confirmed(boss, again, boss.code()) == []
    assert await confirmed(boss, again, boss.code()) == ["STEP_UP_UNKNOWN"]


async def test_a_second_person_approves_what_is_over_the_limit(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, key = guarded_client, "staff.change_role"
    boss = await person(shop, jumps, "boss", "admin")
    second = await person(shop, jumps, "second", "admin")
    target = str(await hired(shop, "target", "clerk"))
    up, down = {"staff": target, "role": "admin"}, {"staff": target, "role": "operator"}
    async with unit_of_work(shop.tenant_id):
        await set_approval_limit(None, key, 0)

    # Below the limit one person does, above it not.
    assert await done(boss, client, key, down, await granted(boss, client, key, down)) == []
    grant = await granted(boss, client, key, up)
    assert await done(boss, client, key, up, grant) == ["APPROVAL_REQUIRED"]

    ask = f"""mutation ($arguments: JSON!) {{
      it: askApproval(operation: "{key}", arguments: $arguments, reason: "new manager") {{
        approval errors {{ code }} }} }}"""
    approval = (await boss.ask(client, ask, arguments=up))["data"]["it"]["approval"]
    # What waits is not approved, and the refused attempt gave its grant back.
    assert await done(boss, client, key, up, grant) == ["APPROVAL_REQUIRED"]
    listed = await second.ask(
        client,
        "{ approvals(state: PENDING) { edges { node { id summary asker reason amount } } } }",
    )
    (edge,) = listed["data"]["approvals"]["edges"]
    assert edge["node"] == {
        "id": approval,
        "summary": "target → admin",
        "asker": "小boss",
        "reason": "new manager",
        "amount": 1,
    }

    decision = {"approval": approval, "approve": True}
    own = await granted(boss, client, "approvals.decide", decision)
    assert await done(boss, client, "approvals.decide", decision, own) == ["APPROVAL_OWN"]
    theirs = await granted(second, client, "approvals.decide", decision)
    assert await done(second, client, "approvals.decide", decision, theirs) == []
    again = await granted(second, client, "approvals.decide", decision)
    assert await done(second, client, "approvals.decide", decision, again) == [
        "APPROVAL_NOT_PENDING"
    ]

    # Who approved can't use it, nor does it hold for other arguments; who asked uses it once.
    mine = await granted(second, client, key, up)
    assert await done(second, client, key, up, mine) == ["APPROVAL_REQUIRED"]
    assert await done(boss, client, key, up, grant) == []
    assert await done(boss, client, key, down, await granted(boss, client, key, down)) == []
    last = await granted(boss, client, key, up)
    assert await done(boss, client, key, up, last) == ["APPROVAL_REQUIRED"]
    states = await boss.ask(client, "{ myApprovals { edges { node { state decider } } } }")
    assert states["data"]["myApprovals"]["edges"] == [
        {"node": {"state": "DONE", "decider": "小second"}}
    ]


async def test_who_is_held_by_a_limit_can_not_lift_it_alone(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, key = guarded_client, "approvals.set_limit"
    boss = await person(shop, jumps, "boss", "admin")
    target = await hired(shop, "target")

    async def limit(operation: str, most: int | None) -> list[str]:
        arguments = {"operation": operation, "most": most}
        return await done(boss, client, key, arguments, await granted(boss, client, key, arguments))

    assert await limit("staff.issue_reset_code", 5) == []
    assert await limit("staff.issue_reset_code", 0) == []
    assert await limit(key, 0) == []
    assert await limit("staff.issue_reset_code", 1) == ["APPROVAL_REQUIRED"]
    assert await limit("staff.issue_reset_code", None) == ["APPROVAL_REQUIRED"]
    assert await limit(key, None) == ["APPROVAL_REQUIRED"]
    assert await limit("staff.invite", 0) == []  # tightening needs nobody else
    assert await limit("staff.set_second_factor_rule", 0) == ["APPROVAL_LIMIT_INVALID"]
    assert await limit("staff.invite", -1) == ["APPROVAL_LIMIT_INVALID"]
    reset = {"staff": str(target)}
    grant = await granted(boss, client, "staff.issue_reset_code", reset)
    refused = await done(boss, client, "staff.issue_reset_code", reset, grant)
    assert refused == ["APPROVAL_REQUIRED"]


@pytest.mark.parametrize("approve", [False, True])
async def test_a_refused_or_late_approval_is_none(
    approve: bool, guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, key = guarded_client, "staff.invite"
    boss = await person(shop, jumps, "boss", "admin")
    second = await person(shop, jumps, "second", "admin")
    arguments = {"handle": "fresh", "name": "新人", "role": "admin"}
    async with unit_of_work(shop.tenant_id):
        await set_approval_limit(None, key, 0)
    approval = await boss.acts(lambda: _asked(boss, key, arguments))
    decision = {"approval": approval, "approve": approve}
    theirs = await granted(second, client, "approvals.decide", decision)
    assert await done(second, client, "approvals.decide", decision, theirs) == []
    if approve:
        jumps.by(hours=24)
        async with unit_of_work(shop.tenant_id):
            session = await open_session(boss.id, must_enrol=False)
        boss.token = session.token
    grant = await granted(boss, client, key, arguments)
    assert await done(boss, client, key, arguments, grant) == ["APPROVAL_REQUIRED"]
    assert await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'fresh'") == []


async def test_an_operation_is_declared_once(shop: Shop) -> None:
    async def told(_: Any) -> str:
        return ""

    declare = demands_step_up(
        "sample.act", {"zh": "样", "en": "s"}, APPROVALS_DECIDE, describe=told
    )

    async def act(amount: int) -> int:
        return amount

    acted = declare(act)
    try:
        with pytest.raises(ValueError, match="declared twice"):
            declare(act)
        async with unit_of_work(shop.tenant_id):
            assert await acted(None, 5) == 5  # the system itself is not asked
    finally:
        forget_operation("sample.act")
    assert "sample.act" not in sensitive_operations()


def test_arguments_compare_alike_from_a_client_and_from_python() -> None:
    one = UUID("0190b4a2-0000-7000-8000-000000000001")
    assert canonical({"a": one, "b": SecondFactorRule.ADMINS, "c": [one], "d": 5, "e": None}) == {
        "a": str(one),
        "b": "admins",
        "c": [str(one)],
        "d": 5,
        "e": None,
    }


async def test_labels_are_told_in_both_languages(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    body = await asked(
        guarded_client,
        shop,
        "{ sensitiveOperations { key label labelZh arguments permission takesLimit most } }",
        await shop.staff_login("clerk"),
    )
    found = {each["key"]: each for each in body["data"]["sensitiveOperations"]}
    assert found["staff.change_role"] == {
        "key": "staff.change_role",
        "label": "Change somebody's role",
        "labelZh": "更改员工角色",
        "arguments": ["staff", "role"],
        "permission": "staff.manage",
        "takesLimit": True,
        "most": None,
    }


async def test_what_can_not_be_compared_is_no_argument(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    """A number too great, a limit that is a word, a role that is none: refused, not a fault."""
    boss = await person(shop, jumps, "boss", "admin")
    call = """mutation ($operation: String!, $arguments: JSON!) {
      begun: beginStepUp(operation: $operation, arguments: $arguments) { errors { code } }
      asked: askApproval(operation: $operation, arguments: $arguments, reason: "x") {
        errors { code } } }"""
    great = f'beginStepUp(operation: "staff.issue_reset_code", arguments: {{staff: {2**64}}})'
    assert codes_of(await boss.mutate(guarded_client, great)) == ["STEP_UP_ARGUMENTS_INVALID"]
    limit = {"operation": "staff.invite", "most": "5"}
    async with unit_of_work(shop.tenant_id):
        await set_approval_limit(None, "staff.invite", 0)
    for operation, arguments in (
        ("approvals.set_limit", limit),
        ("roles.create", {"key": "guide", "role": 5}),
        ("roles.create", {"key": "guide", "role": {"grants": [5]}}),
    ):
        body = await boss.ask(guarded_client, call, operation=operation, arguments=arguments)
        assert "errors" not in body, body
        assert codes_of(body["data"]["asked"]) == ["STEP_UP_ARGUMENTS_INVALID"]


async def test_no_role_by_another_name_makes_administrators_alone(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    """Where a second person is wanted, a role that governs counts as much as admin does."""
    client, boss = guarded_client, await person(shop, jumps, "boss", "admin")
    governing = _WANTED | {
        "grants": [
            {"permission": "api.explore", "scope": "all"},
            {"permission": "staff.manage", "scope": "all"},
        ]
    }
    target = str(await hired(shop, "target"))
    async with unit_of_work(shop.tenant_id):
        await create_role(
            None, "deputy", Wanted("Deputy", "副手", (Grant("staff.manage", Scope.ALL),), ())
        )
        await create_role(None, "guide", Wanted("Guide", "导购", (), ()))
        for key in ("staff.change_role", "staff.invite", "roles.create", "roles.change"):
            await set_approval_limit(None, key, 0)
    for key, arguments in (
        ("staff.change_role", {"staff": target, "role": "deputy"}),
        ("staff.invite", {"handle": "fresh", "name": "新人", "role": "deputy"}),
        ("roles.create", {"key": "second", "role": governing}),
        ("roles.change", {"key": "guide", "role": governing}),
    ):
        assert await done(boss, client, key, arguments, None) == ["STEP_UP_REQUIRED"]
        grant = await granted(boss, client, key, arguments)
        assert await done(boss, client, key, arguments, grant) == ["APPROVAL_REQUIRED"], key
    # What governs nobody needs no second person; and the summary begins with what does.
    harmless = {"key": "helper", "role": _WANTED}
    grant = await granted(boss, client, "roles.create", harmless)
    assert await done(boss, client, "roles.create", harmless, grant) == []
    await boss.acts(lambda: _asked(boss, "roles.change", {"key": "guide", "role": governing}))
    (row,) = await shop.rows("SELECT summary, amount FROM approval WHERE tenant_id = $1")
    assert row == {"summary": "guide → staff.manage, api.explore", "amount": 1}

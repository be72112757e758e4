"""Accounts as administrators see and change them; sessions, and what nobody may read anywhere."""

import base64
import logging
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.schema.staff.test_step_up import done, granted
from tests.support.accounts import ERRORS, PASSWORD, Jumps, Person, asked, codes_of, hired, person
from tests.support.shop import Shop

from shuke_core.assignments.queries import advisor_of
from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.audit.queries import Search, acts_before, opened_changes
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.staff.administration import invite
from shuke_core.staff.presence import set_away
from shuke_core.staff.services import add_staff, leave
from shuke_core.staff.sessions import IDLE_LIFE, TOKEN_LIFE, USE_NOTED, masked_source, open_session
from shuke_schema.projection.arguments import NOBODY

SESSIONS = "{ mySessions { id kind source agent isCurrent usedAt createdAt } }"


async def _boss(shop: Shop, jumps: Jumps) -> Person:
    return await person(shop, jumps, "boss", "admin")


async def test_who_works_here_is_listed_page_by_page(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    boss = await _boss(shop, jumps)
    await hired(shop, "lina")
    async with unit_of_work(shop.tenant_id):
        await invite(None, "wang", "小王", "auditor")
    document = """query ($state: StaffState, $after: String, $first: Int! = 2) {
      staff(state: $state, first: $first, after: $after) {
        edges { node { handle role state hasSecondFactor lockedUntil } }
        pageInfo { hasNextPage endCursor } } }"""
    page = (await boss.ask(guarded_client, document))["data"]["staff"]
    assert [edge["node"] for edge in page["edges"]] == [
        {"handle": "wang", "role": "auditor", "state": "INVITED", "hasSecondFactor": False,
         "lockedUntil": None},
        {"handle": "lina", "role": "clerk", "state": "ACTIVE", "hasSecondFactor": False,
         "lockedUntil": None},
    ]  # fmt: skip
    after = page["pageInfo"]["endCursor"]
    rest = (await boss.ask(guarded_client, document, after=after))["data"]["staff"]
    assert [edge["node"]["handle"] for edge in rest["edges"]] == ["boss"]
    assert rest["edges"][0]["node"]["hasSecondFactor"]
    left = (await boss.ask(guarded_client, document, state="LEFT"))["data"]["staff"]
    assert left["edges"] == []


async def test_roles_change_at_once_and_the_last_admin_stays(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, boss = guarded_client, await _boss(shop, jumps)
    lina = await person(shop, jumps, "lina", "clerk")

    async def change(who: Person, role: str) -> list[str]:
        arguments = {"staff": str(who.id), "role": role}
        grant = await granted(boss, client, "staff.change_role", arguments)
        return await done(boss, client, "staff.change_role", arguments, grant)

    assert await change(boss, "clerk") == ["STAFF_LAST_ADMIN"]
    assert codes_of(await boss.mutate(client, f'letStaffGo(staff: "{boss.id}")')) == [
        "STAFF_LAST_ADMIN"
    ]
    assert await change(lina, "chief") == ["ROLE_UNKNOWN"]
    assert await change(lina, "auditor") == []
    assert (await lina.card()).role == "auditor"
    assert await change(lina, "admin") == []
    assert await change(boss, "clerk") == []
    denied = await boss.ask(client, "{ staff { edges { node { id } } } }")
    assert denied["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"


async def test_whoever_is_let_go_is_out_and_may_be_invited_anew(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, boss = guarded_client, await _boss(shop, jumps)
    lina = await person(shop, jumps, "lina")
    taken = await boss.mutate(client, 'inviteStaff(handle: "lina", name: "x", role: "clerk")')
    assert codes_of(taken) == ["STAFF_HANDLE_TAKEN"]
    gone = await boss.mutate(client, f'letStaffGo(staff: "{lina.id}")', "staff { state }")
    assert gone == {"staff": {"state": "LEFT"}, "errors": []}
    refused = await lina.ask(client, "{ viewer { name } }")
    assert refused["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
    again = await boss.mutate(client, f'letStaffGo(staff: "{lina.id}")')
    assert codes_of(again) == ["COLLEAGUE_UNKNOWN"]
    events = await shop.rows(
        "SELECT type FROM event WHERE tenant_id = $1 AND entity = $2 "
        "AND type LIKE 'staff.%' ORDER BY seq DESC LIMIT 2",
        f"staff:{lina.id}",
    )
    assert {each["type"] for each in events} == {"staff.left", "staff.changed"}
    back = await boss.mutate(
        client, 'inviteStaff(handle: "lina", name: "x", role: "clerk")', "code"
    )
    assert back["code"]
    withdrawn = await boss.mutate(client, f'withdrawInvite(staff: "{lina.id}")')
    assert codes_of(withdrawn) == []
    late = await asked(
        client,
        shop,
        f'mutation {{ it: acceptInvite(code: "{back["code"]}", password: "{PASSWORD}") '
        f"{{ {ERRORS} }} }}",
    )
    assert codes_of(late["data"]["it"]) == ["CODE_INVALID"]


async def test_who_is_let_go_hands_their_members_over(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, boss = guarded_client, await _boss(shop, jumps)
    ann, bob = await hired(shop, "ann", "advisor"), await hired(shop, "bob", "advisor")
    gone, away = await hired(shop, "gone", "advisor"), await hired(shop, "away", "advisor")
    member = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        await assign_members(Chosen(ids=[member]), ann)
        await leave("gone")
        await set_away(away, clock.now(), None)

    async def let_go(to: object) -> list[str]:
        call = f'letStaffGo(staff: "{ann}", handOverTo: "{to}")'
        return codes_of(await boss.mutate(client, call))

    async def advisor() -> UUID | None:
        async with unit_of_work(shop.tenant_id):
            return await advisor_of(member)

    for to in (gone, ann, NOBODY, "x"):
        assert await let_go(to) == ["ADVISOR_UNKNOWN"]
    assert await let_go(away) == ["ADVISOR_AWAY"]
    assert await advisor() == ann
    (row,) = await shop.rows("SELECT state FROM staff WHERE tenant_id = $1 AND handle = 'ann'")
    assert row["state"] == "active"
    assert await let_go(bob) == []
    assert await advisor() == bob


async def test_an_old_invite_is_no_way_to_the_password_of_who_was_taken_on_otherwise(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, boss = guarded_client, await _boss(shop, jumps)
    invited = await boss.mutate(
        client, 'inviteStaff(handle: "lina", name: "x", role: "clerk")', "code"
    )
    async with unit_of_work(shop.tenant_id):
        await add_staff("lina", "x", "clerk")
    late = await asked(
        client,
        shop,
        f'mutation {{ it: acceptInvite(code: "{invited["code"]}", password: "{PASSWORD}") '
        f"{{ isSet {ERRORS} }} }}",
    )
    assert codes_of(late["data"]["it"]) == ["CODE_INVALID"]
    rows = await shop.rows(
        "SELECT c.id FROM credential c JOIN staff s ON s.id = c.staff_id "
        "WHERE c.tenant_id = $1 AND s.handle = 'lina' AND c.hash IS NOT NULL"
    )
    assert rows == []


async def test_a_reset_code_sets_a_password_and_ends_sessions(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, boss = guarded_client, await _boss(shop, jumps)
    lina = await person(shop, jumps, "lina", second_factor=False)
    arguments = {"staff": str(lina.id)}
    grant = await granted(boss, client, "staff.issue_reset_code", arguments)
    made = await boss.mutate(
        client, f'issueResetCode(staff: "{lina.id}", stepUp: "{grant}")', "code expiresAt"
    )
    assert (await lina.card()).handle == "lina"  # nothing has ended yet
    new = "seventeen green umbrellas"
    reset = await asked(
        client,
        shop,
        f'mutation {{ it: resetPassword(code: "{made["code"]}", password: "{new}") '
        f"{{ isSet {ERRORS} }} }}",
    )
    assert reset["data"]["it"] == {"isSet": True, "errors": []}
    refused = await lina.ask(client, "{ viewer { name } }")
    assert refused["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"


async def test_sessions_are_listed_and_revoked_by_oneself(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, lina = guarded_client, await person(shop, jumps, "lina")
    jumps.by(seconds=5)
    signed = await asked(
        client,
        shop,
        f'mutation {{ it: signIn(handle: "lina", password: "{PASSWORD}") '
        "{ challenge { challenge } } }",
    )
    challenge = signed["data"]["it"]["challenge"]["challenge"]
    confirmed = await asked(
        client,
        shop,
        f'mutation {{ it: confirmSecondFactor(challenge: "{challenge}", code: "{lina.code()}") '
        "{ session { token } } }",
    )
    second = confirmed["data"]["it"]["session"]["token"]
    (new, old) = (await lina.ask(client, SESSIONS))["data"]["mySessions"]
    assert (new["source"], new["kind"], new["isCurrent"]) == ("127.0.0.*", "SESSION", False)
    assert new["agent"].startswith("python-httpx/")
    assert old["isCurrent"]
    foreign = await person(shop, jumps, "wang")
    refused = await foreign.mutate(client, f'signOut(id: "{new["id"]}")')
    assert codes_of(refused) == ["SESSION_UNKNOWN"]
    assert codes_of(await lina.mutate(client, f'signOut(id: "{new["id"]}")')) == []
    gone = await asked(client, shop, "{ viewer { name } }", {"authorization": f"Bearer {second}"})
    assert gone["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
    assert codes_of(await lina.mutate(client, "signOut")) == []
    assert (await lina.ask(client, SESSIONS))["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
    assert (await foreign.ask(client, SESSIONS))["data"]["mySessions"][0]["isCurrent"]


async def test_administrators_see_and_revoke_sessions_of_others(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, boss = guarded_client, await _boss(shop, jumps)
    lina = await person(shop, jumps, "lina")
    async with unit_of_work(shop.tenant_id):
        await open_session(lina.id, must_enrol=False)
    document = f'{{ staffSessions(staff: "{lina.id}") {{ id isCurrent }} }}'
    listed = (await boss.ask(client, document))["data"]["staffSessions"]
    assert [each["isCurrent"] for each in listed] == [False, False]
    one = f'revokeStaffSessions(staff: "{lina.id}", id: "{listed[1]["id"]}")'
    assert codes_of(await boss.mutate(client, one)) == []
    assert codes_of(await boss.mutate(client, one)) == ["SESSION_UNKNOWN"]
    assert codes_of(await boss.mutate(client, f'revokeStaffSessions(staff: "{lina.id}")')) == []
    assert (await boss.ask(client, document))["data"]["staffSessions"] == []
    unknown = await boss.mutate(client, f'revokeStaffSessions(staff: "{shop.tenant_id}")')
    assert codes_of(unknown) == ["COLLEAGUE_UNKNOWN"]
    assert (await boss.card()).handle == "boss"
    for call in (document, f'mutation {{ unlockStaff(staff: "{boss.id}") {{ {ERRORS} }} }}'):
        clerk = await asked(client, shop, call, await shop.staff_login("clerk"))
        assert clerk["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"


async def test_a_session_ends_idle_or_after_twelve_hours_and_its_use_is_noted_seldom(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client = guarded_client
    lina = await person(shop, jumps, "lina")

    async def used() -> Any:
        rows = await shop.rows(
            "SELECT used_at FROM staff_token WHERE tenant_id = $1 AND staff_id = $2", lina.id
        )
        return rows[0]["used_at"]

    async def is_open() -> bool:
        return "errors" not in await lina.ask(client, "{ viewer { name } }")

    first = await used()
    jumps.ahead += USE_NOTED / 2
    assert await is_open()
    assert await used() == first
    jumps.ahead += USE_NOTED
    assert await is_open()
    noted = await used()
    assert noted > first
    for _ in range(7):
        jumps.ahead += IDLE_LIFE * 0.7
        if jumps.ahead < TOKEN_LIFE:
            assert await is_open()
    assert jumps.ahead > IDLE_LIFE * 4
    jumps.ahead += IDLE_LIFE
    assert not await is_open()
    other = await person(shop, jumps, "wang")
    jumps.ahead += IDLE_LIFE
    gone = await other.ask(client, "{ viewer { name } }")
    assert gone["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("203.0.113.77", "203.0.113.*"),
        ("2001:db8:7:9::1", "2001:0db8:0007:*"),
        ("local", ""),
    ],
)
def test_a_source_is_shown_without_its_last_part(source: str, shown: str) -> None:
    assert masked_source(source) == shown


async def test_what_is_secret_is_nowhere_to_be_read(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps, caplog: pytest.LogCaptureFixture
) -> None:
    """Passwords, secrets, codes and tokens: told once to whom they are for, else nowhere, in no
    column of any table, no log line, no audit entry, no refusal."""
    caplog.set_level(logging.DEBUG)
    client, boss = guarded_client, await _boss(shop, jumps)
    secret: list[str] = []
    refusals: list[Any] = []

    async def say(call: str, headers: dict[str, str] | None = None) -> Any:
        body = await asked(client, shop, f"mutation {{ it: {call} }}", headers)
        refusals.append(body.get("errors"))
        found = body["data"]["it"]
        refusals.append(found.get("errors"))
        return found

    canary = "canary forest 4711 elevator"
    invited = await say(
        f'inviteStaff(handle: "lina", name: "李娜", role: "clerk") {{ code {ERRORS} }}',
        boss.headers,
    )
    await say(f'acceptInvite(code: "{invited["code"]}", password: "canaryxx") {{ {ERRORS} }}')
    await say(f'acceptInvite(code: "{invited["code"]}", password: "{canary}") {{ {ERRORS} }}')
    await say(f'acceptInvite(code: "{invited["code"]}", password: "{canary}") {{ {ERRORS} }}')
    wrong = "canary wrong password"
    await say(f'signIn(handle: "lina", password: "{wrong}") {{ {ERRORS} }}')
    await say(f'signIn(handle: "{wrong}", password: "{canary}") {{ {ERRORS} }}')
    came = await say(
        f'signIn(handle: "lina", password: "{canary}") {{ session {{ token }} {ERRORS} }}'
    )
    token = came["session"]["token"]
    headers = {"authorization": f"Bearer {token}"}
    begun = await say(
        f'beginSecondFactor(current: "{canary}") {{ secret address {ERRORS} }}', headers
    )
    lina = Person(shop, boss.id, "lina", token, _secret(begun["secret"]), jumps)
    code = lina.code()
    await say(f'setUpSecondFactor(code: "canary") {{ {ERRORS} }}', headers)
    set_up = await say(f'setUpSecondFactor(code: "{code}") {{ recoveryCodes {ERRORS} }}', headers)
    waiting = await say(
        f'signIn(handle: "lina", password: "{canary}") {{ challenge {{ challenge }} {ERRORS} }}'
    )
    challenge = waiting["challenge"]["challenge"]
    recovery = set_up["recoveryCodes"][0]
    for each in (lina.wrong_code() + "9", recovery, recovery):
        await say(f'confirmSecondFactor(challenge: "{challenge}", code: "{each}") {{ {ERRORS} }}')
    secret += [invited["code"], canary, "canaryxx", wrong, token, challenge, begun["secret"]]
    secret += [
        begun["address"],
        *set_up["recoveryCodes"],
        *(each.replace("-", "") for each in set_up["recoveryCodes"]),
    ]

    assert any(refusals)
    async with unit_of_work(shop.tenant_id):
        entries = await acts_before(Search(), None, 100)
        changes = await opened_changes(entries)
    tables = await shop.rows(
        "SELECT table_name::text AS name FROM information_schema.columns "
        "WHERE column_name = 'tenant_id' AND table_schema = 'public' AND $1::uuid IS NOT NULL"
    )
    kept = []
    for table in {each["name"] for each in tables}:
        kept += await shop.rows(f"SELECT t::text AS row FROM {table} t WHERE tenant_id = $1")
    places = {
        "refusals": str(refusals),
        "audit": f"{entries} {changes}",
        "logs": "\n".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records),
        "tables": "\n".join(each["row"] for each in kept),
    }
    assert "staff.invite_accepted" in places["audit"]
    assert "argon2id" in places["tables"]
    found = {
        (place, each) for place, text in places.items() for each in secret if _is_in(each, text)
    }
    assert found == set()
    assert _is_in("小boss", places["tables"])  # what is kept in the clear is found


def _secret(text: str) -> bytes:
    return base64.b32decode(text)


def _is_in(secret: str, text: str) -> bool:
    """In the clear, or as bytes in PostgreSQL's hexadecimal."""
    return secret in text or secret.encode().hex() in re.sub(r"\s", "", text)

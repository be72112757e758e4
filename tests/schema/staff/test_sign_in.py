"""Signing in over the API: password, second factor, recovery codes, lock-out, invites, resets."""

import base64
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from tests.support.accounts import (
    ERRORS,
    PASSWORD,
    Jumps,
    asked,
    codes_of,
    hired,
    person,
)
from tests.support.shop import Shop

from shuke_core.credentials import hashing
from shuke_core.credentials.errors import HashingBusy
from shuke_core.credentials.totp import code_at, step_at
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch_value, unit_of_work
from shuke_core.staff.administration import invite, unlock_staff
from shuke_core.staff.demands import SecondFactorRule, set_second_factor_rule
from shuke_core.staff.errors import SignInFailed
from shuke_core.staff.services import leave
from shuke_core.staff.sign_in import sign_in as core_sign_in
from shuke_schema.asgi import create_app
from shuke_schema.http.rates import Rates

SIGN_IN = f"""
mutation ($handle: String!, $password: String!) {{ it: signIn(handle: $handle, password: $password) {{
  session {{ token expiresAt mustEnrol }} challenge {{ challenge expiresAt }} {ERRORS} }} }}
"""
CONFIRM = f"""
mutation ($challenge: String!, $code: String!) {{
  it: confirmSecondFactor(challenge: $challenge, code: $code) {{
    session {{ token mustEnrol }} {ERRORS} }} }}
"""
SET = f"""
mutation ($code: String!, $password: String!) {{
  it: %s(code: $code, password: $password) {{ isSet {ERRORS} }} }}
"""


async def say(client: httpx.AsyncClient, shop: Shop, document: str, **variables: Any) -> Any:
    body = await asked(client, shop, document, **variables)
    assert "errors" not in body, body
    return body["data"]["it"]


async def sign_in(
    client: httpx.AsyncClient, shop: Shop, handle: str, password: str = PASSWORD
) -> Any:
    return await say(client, shop, SIGN_IN, handle=handle, password=password)


@pytest_asyncio.fixture
async def stranger(rates: Rates) -> AsyncIterator[httpx.AsyncClient]:
    """A client at another address."""
    transport = httpx.ASGITransport(
        create_app(rates=rates), raise_app_exceptions=False, client=("198.51.100.9", 1)
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client


async def test_an_invited_person_sets_a_password_and_comes_in(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        code = (await invite(None, "lina", "李娜", "clerk")).code
    accept = SET % "acceptInvite"
    assert codes_of(await sign_in(guarded_client, shop, "lina")) == ["SIGN_IN_FAILED"]
    weak = await say(guarded_client, shop, accept, code=code, password="password12")
    assert (weak["isSet"], weak["errors"][0]["code"]) == (False, "PASSWORD_COMMON")
    assert weak["errors"][0]["path"] == ["password"]
    done = await say(guarded_client, shop, accept, code=code, password=PASSWORD)
    assert done == {"isSet": True, "errors": []}
    again = await say(guarded_client, shop, accept, code=code, password="another " + PASSWORD)
    assert codes_of(again) == ["CODE_INVALID"]
    session = (await sign_in(guarded_client, shop, "lina"))["session"]
    headers = {"authorization": f"Bearer {session['token']}"}
    viewer = await asked(guarded_client, shop, "{ viewer { handle role } }", headers)
    assert viewer["data"]["viewer"] == {"handle": "lina", "role": "clerk"}
    assert not session["mustEnrol"]


async def test_an_invite_ends_after_seven_days_and_with_the_next(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    async with unit_of_work(shop.tenant_id):
        first = (await invite(None, "lina", "李娜", "clerk")).code
        second = (await invite(None, "lina", "李娜", "operator")).code
    accept = SET % "acceptInvite"
    replaced = await say(guarded_client, shop, accept, code=first, password=PASSWORD)
    wrong_door = await say(
        guarded_client, shop, SET % "resetPassword", code=second, password=PASSWORD
    )
    jumps.by(days=7)
    late = await say(guarded_client, shop, accept, code=second, password=PASSWORD)
    assert [codes_of(each) for each in (replaced, wrong_door, late)] == [["CODE_INVALID"]] * 3


async def test_unknown_wrong_left_and_locked_are_answered_alike(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    for handle in ("lina", "locked", "gone"):
        await hired(shop, handle)
    await shop.rows("UPDATE staff SET state = 'left' WHERE tenant_id = $1 AND handle = 'gone'")
    for _ in range(10):
        await sign_in(guarded_client, shop, "locked", "wrong wrong wrong")
    answers = [
        await sign_in(guarded_client, shop, handle, password)
        for handle, password in (
            ("nobody", PASSWORD),
            ("lina", "wrong wrong wrong"),
            ("gone", PASSWORD),
            ("locked", PASSWORD),
        )
    ]
    assert codes_of(answers[0]) == ["SIGN_IN_FAILED"]
    assert all(answer == answers[0] for answer in answers)
    assert (await sign_in(guarded_client, shop, "lina"))["session"]


@pytest.mark.slow
async def test_they_take_as_long(guarded_client: httpx.AsyncClient, shop: Shop) -> None:
    """The hash takes some 30 ms; who is refused without one would be told by the clock."""
    await hired(shop, "lina")
    times: dict[str, list[float]] = {"nobody": [], "lina": []}
    for _ in range(9):
        for handle, found in times.items():
            before = time.perf_counter()
            await sign_in(guarded_client, shop, handle, "wrong wrong wrong")
            found.append(time.perf_counter() - before)
    nobody, lina = (statistics.median(found) for found in times.values())
    assert 0.5 < nobody / lina < 2  # without a hash it would be a tenth


async def test_a_lock_out_grows_is_audited_and_ends(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    staff_id = await hired(shop, "lina")

    async def ten() -> None:
        for _ in range(10):
            await sign_in(guarded_client, shop, "lina", "wrong wrong wrong")

    async def comes_in() -> bool:
        return (await sign_in(guarded_client, shop, "lina"))["session"] is not None

    await ten()
    assert not await comes_in()
    jumps.by(seconds=61)
    await ten()
    jumps.by(seconds=61)
    assert not await comes_in()  # five minutes, this time
    async with unit_of_work(shop.tenant_id):
        await unlock_staff(staff_id)
    assert await comes_in()
    entries = await shop.rows(
        "SELECT actor_name, source, subject FROM audit_entry WHERE tenant_id = $1 "
        "AND act = 'staff.locked'"
    )
    assert (
        entries
        == [{"actor_name": "visitor", "source": "127.0.0.1", "subject": f"staff:{staff_id}"}] * 2
    )


async def test_a_stranger_locks_strangers_out_and_not_the_person(
    guarded_client: httpx.AsyncClient, stranger: httpx.AsyncClient, shop: Shop
) -> None:
    await hired(shop, "lina")
    assert (await sign_in(guarded_client, shop, "lina"))["session"]  # from here they are known
    for _ in range(10):
        await sign_in(stranger, shop, "lina", "wrong wrong wrong")
    assert codes_of(await sign_in(stranger, shop, "lina")) == ["SIGN_IN_FAILED"]
    assert (await sign_in(guarded_client, shop, "lina"))["session"]


async def test_a_source_that_tries_everybody_is_stopped(
    stranger: httpx.AsyncClient, guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    # Guarded fields count by source: 200 tries a quarter of an hour, whoever they are at.
    hits = 0
    for nth in range(205):
        body = await asked(stranger, shop, CONFIRM, challenge=f"c{nth}", code="000000")
        hits += "errors" in body and body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert hits in range(3, 6)  # a little comes back meanwhile
    assert codes_of(await say(guarded_client, shop, CONFIRM, challenge="c", code="0")) == [
        "CODE_INVALID"
    ]


async def test_with_a_second_factor_a_code_is_wanted_and_taken_once(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    lina = await person(shop, jumps, "lina")

    async def challenge() -> str:
        came = await sign_in(guarded_client, shop, "lina")
        assert came["session"] is None
        return str(came["challenge"]["challenge"])

    async def confirm(code: str, at: str | None = None) -> Any:
        return await say(
            guarded_client, shop, CONFIRM, challenge=at or await challenge(), code=code
        )

    code, first = lina.code(), await challenge()
    assert (await confirm(code, first))["session"]["token"]
    assert codes_of(await confirm(lina.code(), first)) == ["CODE_INVALID"]  # a used challenge
    assert codes_of(await confirm(code)) == ["SECOND_FACTOR_WRONG"]  # a used code
    before = code_at(lina.secret, step_at(clock.now()) - 1)
    assert (await confirm(lina.code()))["session"]
    assert codes_of(await confirm(before)) == ["SECOND_FACTOR_WRONG"]  # older than one taken
    tried = await challenge()
    wrong = [codes_of(await confirm(lina.wrong_code(), tried)) for _ in range(5)]
    assert wrong == [["SECOND_FACTOR_WRONG"]] * 5
    assert codes_of(await confirm(lina.code(), tried)) == ["CODE_INVALID"]
    late = await challenge()
    jumps.by(minutes=5)
    assert codes_of(await confirm(lina.code(), late)) == ["CODE_INVALID"]


@pytest.mark.parametrize("handle", ["lina", "gone", "nobody"])
async def test_a_try_at_anybody_waits_for_the_disk(handle: str, shop: Shop) -> None:
    """A commit that wrote nothing is quicker by the flush of the log: it would tell who is there."""
    await hired(shop, "lina")
    await hired(shop, "gone")
    async with unit_of_work(shop.tenant_id):
        await leave("gone")
    async with unit_of_work(shop.tenant_id):
        assert isinstance(await core_sign_in(handle, "wrong wrong wrong"), SignInFailed)
        wrote = await fetch_value(
            "SELECT pg_current_xact_id_if_assigned() IS NOT NULL AND $1::uuid IS NOT NULL"
        )
    assert wrote is True


async def test_whoever_knows_the_password_has_ten_codes_and_locks_nobody_out(
    guarded_client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    shop: Shop,
    jumps: Jumps,
) -> None:
    lina = await person(shop, jumps, "lina")

    async def confirmed(client: httpx.AsyncClient, code: str) -> list[str]:
        challenge = (await sign_in(client, shop, "lina"))["challenge"]["challenge"]
        return codes_of(await say(client, shop, CONFIRM, challenge=challenge, code=code))

    assert await confirmed(guarded_client, lina.code()) == []  # known here from now on
    for _ in range(10):
        assert await confirmed(stranger, lina.wrong_code()) == ["SECOND_FACTOR_WRONG"]
    assert await confirmed(stranger, lina.code()) == ["SECOND_FACTOR_WRONG"]
    assert await confirmed(guarded_client, lina.code()) == []
    renew = f'renewRecoveryCodes(code: "{lina.code()}")'  # counted apart, inside a session
    assert codes_of(await lina.mutate(guarded_client, renew)) == []


async def test_a_second_factor_is_set_up_by_who_knows_the_password(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    lina = await person(shop, jumps, "lina", second_factor=False)
    for call in ("beginSecondFactor", 'beginSecondFactor(current: "not the password")'):
        refused = await lina.mutate(guarded_client, call, "secret")
        assert (refused["secret"], codes_of(refused)) == (None, ["SIGN_IN_FAILED"])
    begin = f'beginSecondFactor(current: "{PASSWORD}")'
    begun = await lina.mutate(guarded_client, begin, "secret")
    lina.secret = base64.b32decode(begun["secret"])
    done = await lina.mutate(guarded_client, f'setUpSecondFactor(code: "{lina.code()}")')
    assert codes_of(done) == []
    for call in (begin, f'setUpSecondFactor(code: "{lina.code()}")'):
        assert codes_of(await lina.mutate(guarded_client, call)) == ["SECOND_FACTOR_THERE"]


async def test_a_recovery_code_lets_in_once(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    lina = await person(shop, jumps, "lina")
    made = await lina.mutate(
        guarded_client, f'renewRecoveryCodes(code: "{lina.code()}")', "recoveryCodes"
    )
    assert len(set(made["recoveryCodes"])) == 10
    code = made["recoveryCodes"][3].upper().replace("-", " ")

    async def confirm() -> Any:
        came = await sign_in(guarded_client, shop, "lina")
        challenge = came["challenge"]["challenge"]
        return await say(guarded_client, shop, CONFIRM, challenge=challenge, code=code)

    assert (await confirm())["session"]
    assert codes_of(await confirm()) == ["SECOND_FACTOR_WRONG"]
    left = await lina.ask(guarded_client, "{ myAccount { recoveryCodes hasSecondFactor } }")
    assert left["data"]["myAccount"] == {"recoveryCodes": 9, "hasSecondFactor": True}
    await lina.mutate(guarded_client, f'renewRecoveryCodes(code: "{lina.code()}")')
    code = made["recoveryCodes"][4]
    assert codes_of(await confirm()) == ["SECOND_FACTOR_WRONG"]


async def test_where_a_second_factor_is_demanded_one_enrols_before_anything_else(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    await hired(shop, "boss", "admin")
    await hired(shop, "lina", "clerk")
    async with unit_of_work(shop.tenant_id):
        await set_second_factor_rule(None, SecondFactorRule.ADMINS)
    assert not (await sign_in(guarded_client, shop, "lina"))["session"]["mustEnrol"]
    session = (await sign_in(guarded_client, shop, "boss"))["session"]
    assert session["mustEnrol"]
    only = {"authorization": f"Bearer {session['token']}"}

    async def refused(document: str) -> str:
        body = await asked(guarded_client, shop, document, only)
        return str(body["errors"][0]["extensions"]["code"])

    for document in (
        "{ viewer { name } }",
        "{ stores { code } }",
        "{ sensitiveOperations { key } }",
    ):
        assert await refused(document) == "PERMISSION_DENIED"
    begun = await asked(
        guarded_client, shop, "mutation { beginSecondFactor { secret address } }", only
    )
    address = httpx.URL(begun["data"]["beginSecondFactor"]["address"])
    secret = base64.b32decode(address.params["secret"])
    assert (address.host, address.params["issuer"]) == ("totp", "测试店")
    setup = (
        "mutation ($code: String!) { setUpSecondFactor(code: $code) "
        f"{{ recoveryCodes session {{ token mustEnrol }} {ERRORS} }} }}"
    )
    wrong = await asked(guarded_client, shop, setup, only, code="000000x")
    assert codes_of(wrong["data"]["setUpSecondFactor"]) == ["SECOND_FACTOR_WRONG"]
    done = await asked(
        guarded_client, shop, setup, only, code=code_at(secret, step_at(clock.now()))
    )
    full = done["data"]["setUpSecondFactor"]["session"]
    assert len(done["data"]["setUpSecondFactor"]["recoveryCodes"]) == 10
    assert await refused("{ myAccount { handle } }") == "TOKEN_INVALID"
    viewer = await asked(
        guarded_client,
        shop,
        "{ viewer { role } stores { code } }",
        {"authorization": f"Bearer {full['token']}"},
    )
    assert viewer["data"]["viewer"] == {"role": "admin"}


async def test_a_password_change_needs_the_current_one_and_ends_other_sessions(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    lina = await person(shop, jumps, "lina", second_factor=False)
    other = (await sign_in(guarded_client, shop, "lina"))["session"]["token"]
    new = "a river behind the market"
    wrong = await lina.mutate(
        guarded_client, f'changePassword(current: "no no no no", password: "{new}")'
    )
    assert codes_of(wrong) == ["SIGN_IN_FAILED"]
    own = await lina.mutate(
        guarded_client, f'changePassword(current: "{PASSWORD}", password: "xx lina xx yy")'
    )
    assert codes_of(own) == ["PASSWORD_TELLS_NAME"]
    done = await lina.mutate(
        guarded_client, f'changePassword(current: "{PASSWORD}", password: "{new}")'
    )
    assert codes_of(done) == []
    assert (await lina.card()).handle == "lina"
    gone = await asked(
        guarded_client, shop, "{ viewer { name } }", {"authorization": f"Bearer {other}"}
    )
    assert gone["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"
    assert codes_of(await sign_in(guarded_client, shop, "lina")) == ["SIGN_IN_FAILED"]
    assert (await sign_in(guarded_client, shop, "lina", new))["session"]


async def test_a_hash_of_former_parameters_is_made_anew(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    await hired(shop, "lina")
    old = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    await shop.rows("UPDATE credential SET hash = $2 WHERE tenant_id = $1 RETURNING id", old)
    assert (await sign_in(guarded_client, shop, "lina"))["session"]
    (row,) = await shop.rows("SELECT hash FROM credential WHERE tenant_id = $1")
    assert row["hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert (await sign_in(guarded_client, shop, "lina"))["session"]


async def test_a_crowd_is_refused_before_it_stops_everybody(
    guarded_client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hired(shop, "lina")
    monkeypatch.setattr(hashing, "_inside", hashing.AT_ONCE + hashing.MOST_WAITING)
    assert codes_of(await sign_in(guarded_client, shop, "lina")) == ["SIGN_IN_BUSY"]
    with pytest.raises(HashingBusy):
        async with hashing.turn():
            pass
    assert hashing._inside == hashing.AT_ONCE + hashing.MOST_WAITING
    (counted,) = await shop.rows("SELECT count(*) AS n FROM credential_lock WHERE tenant_id = $1")
    assert counted["n"] == 0


async def test_without_redis_nobody_signs_in(client: httpx.AsyncClient, shop: Shop) -> None:
    await hired(shop, "lina")
    body = await asked(client, shop, SIGN_IN, handle="lina", password=PASSWORD)
    assert body["errors"][0]["extensions"]["code"] == "GUARD_UNAVAILABLE"

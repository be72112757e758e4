"""What people do with planted phones besides buying: log in with WeChat, bind, ask for all of their
data; and staff, who export whatever there is."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from tests.support.canaries import BAD, NUMBERS, has_canary
from tests.support.fleet import Fleet

from shuke_core.credentials.totp import code_at, step_at

APP, SECRET = "wx0123456789abcdef", "0123456789abcdef0123456789abcdef"
PASSWORD = "翻斗花园 7 quiet boats"
LOG_IN = """
mutation ($code: String!, $app: String!) {
  logIn(code: $code, appId: $app) { token isVisitor errors { code message path } }
}
"""
BIND = """
mutation ($code: String!, $app: String!) {
  bindPhone(code: $code, appId: $app) { member { maskedPhone } errors { code message path } }
}
"""
MY_DATA = "mutation { requestMyData { document errors { code message } } }"
CLAIMS = "{ phoneClaims(first: 9) { edges { node { reason maskedPhone } } } }"
ACCEPT = """
mutation ($code: String!, $password: String!) {
  acceptInvite(code: $code, password: $password) { errors { code } }
}
"""
SIGN_IN = """
mutation ($password: String!) {
  signIn(handle: "keeper", password: $password) { session { token } errors { code } }
}
"""
BEGIN = """
mutation ($password: String!) { beginSecondFactor(current: $password) { secret errors { code } } }
"""
SET_UP = """
mutation ($code: String!) {
  setUpSecondFactor(code: $code) { session { token } errors { code } }
}
"""
STEP_UP = """
mutation ($arguments: JSON!) {
  beginStepUp(operation: "exports.reveal", arguments: $arguments) { stepUp errors { code } }
}
"""
CONFIRM = """
mutation ($stepUp: ID!, $code: String!) {
  confirmStepUp(stepUp: $stepUp, code: $code) { errors { code } }
}
"""
EXPORT = """
mutation ($columns: [String!]!, $reason: String!, $stepUp: ID!) {
  requestExport(kind: "members", columns: $columns, reason: $reason, filters: {}, stepUp: $stepUp) {
    export { id } errors { code message }
  }
}
"""
STATE = "{ exports(first: 1) { edges { node { id state } } } }"
LINK = "mutation ($id: ID!) { exportLink(id: $id) { link { path } errors { code } } }"
COLUMNS = ["cardNo", "name", "phone", "joinedAt"]
# Asks at a door, with a token or none, and keeps the reply; `own`: what one may have is in it.
Ask = Callable[..., Awaitable[Any]]


@contextmanager
def a_wechat() -> Iterator[str]:
    """The simulated WeChat, a process of its own that knows the mini-program; its address."""
    argv = [sys.executable, "-m", "shuke_schema.demo.wechat", "--port", "0"]
    argv += ["--app", f"{APP}={SECRET}"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def _code(wechat: str, user: str, phone: str | None = None) -> str:
    """What the mini-program gets of WeChat: of a log-in, or of the phone button."""
    given = {"app_id": APP, "user": user} | ({"phone": phone, "country": "86"} if phone else {})
    async with httpx.AsyncClient(trust_env=False, base_url=wechat) as http:
        return str((await http.post("/simulator/code", json=given)).json()["code"])


async def log_in_and_bind(fleet: Fleet, wechat: str, ask: Ask, staff: str) -> str:
    """Two people log in and bind the same planted phone, and one what is no phone; the first one's
    token. The second one waits for staff, who look at the claim."""
    said = fleet.shuke("wechat", "set", fleet.slug, "--appid", APP, given=SECRET)
    assert said.code == 0, said.err

    async def act(token: str | None, document: str, code: str) -> Any:
        asked = {"query": document, "variables": {"code": code, "app": APP}}
        (told,) = (await ask("member", token, asked))["data"].values()
        return told

    tokens = []
    for user in ("first", "second"):
        told = await act(None, LOG_IN, await _code(wechat, user))
        assert told["isVisitor"], told
        tokens.append(told["token"])
    code = await _code(wechat, "first", NUMBERS[0])
    bound = await act(tokens[0], BIND, code)
    assert bound == {"member": {"maskedPhone": "139****0481"}, "errors": []}
    used = await act(tokens[0], BIND, code)
    assert used["errors"][0]["code"] == "WECHAT_CODE_INVALID"
    waits = await act(tokens[1], BIND, await _code(wechat, "second", NUMBERS[0]))
    assert waits["errors"][0]["code"] == "PHONE_CLAIM_WAITS"
    for bad in BAD[:2]:
        unread = await act(tokens[1], BIND, await _code(wechat, "second", bad))
        assert unread["errors"][0]["code"] == "PHONE_UNREADABLE", unread
    for wrong in (NUMBERS[0], f"+86{NUMBERS[0]}"):  # a phone where a code belongs
        for token, document in ((None, LOG_IN), (tokens[0], BIND)):
            assert (await act(token, document, wrong))["errors"], wrong
    claims = (await ask("staff", staff, {"query": CLAIMS}))["data"]["phoneClaims"]["edges"]
    assert [edge["node"] for edge in claims] == [{"reason": "IN_USE", "maskedPhone": "139****0481"}]
    return str(tokens[0])


async def ask_for_everything(ask: Ask, token: str) -> None:
    """The member has all of their data, their own phone in it."""
    told = await ask("member", token, {"query": MY_DATA}, own=True)
    document = told["data"]["requestMyData"]["document"]
    assert has_canary(str(document))
    assert document["profile"]["maskedPhone"] == "139****0481"


async def _keeper(fleet: Fleet, ask: Ask) -> tuple[str, bytes, int]:
    """An administrator with a password and a second factor: session, secret, last step used."""
    words = ("staff", "invite", fleet.slug, "keeper", "--name", "管家", "--role", "admin")
    invited = fleet.shuke(*words, "--json")
    assert invited.code == 0, invited.err

    async def act(token: str | None, document: str, **variables: str) -> Any:
        body = await ask("staff", token, {"query": document, "variables": variables})
        assert "errors" not in body, body
        (told,) = body["data"].values()
        assert told["errors"] == [], told
        return told

    await act(None, ACCEPT, code=invited.json["code"], password=PASSWORD)
    token = (await act(None, SIGN_IN, password=PASSWORD))["session"]["token"]
    secret = base64.b32decode((await act(token, BEGIN, password=PASSWORD))["secret"])
    step = step_at(datetime.now(UTC)) - 1
    session = (await act(token, SET_UP, code=code_at(secret, step)))["session"]
    return (session["token"] if session else token), secret, step


async def export_everybody(fleet: Fleet, ask: Ask) -> None:
    """An administrator exports all members with their plain phones, and fetches the file."""
    token, secret, step = await _keeper(fleet, ask)

    async def act(document: str, **variables: Any) -> Any:
        body = await ask("staff", token, {"query": document, "variables": variables})
        assert "errors" not in body, body
        (told,) = body["data"].values()
        return told

    reason = f"核对 {NUMBERS[0]} 的资料"
    meant = {"kind": "members", "columns": COLUMNS, "filters": {}, "reason": reason}
    begun = await act(STEP_UP, arguments=meant)
    assert begun["errors"] == []
    code = code_at(secret, step + 1)
    assert (await act(CONFIRM, stepUp=begun["stepUp"], code=code))["errors"] == []
    asked = await act(EXPORT, columns=COLUMNS, reason=reason, stepUp=begun["stepUp"])
    assert asked["errors"] == []
    export = asked["export"]["id"]
    until = asyncio.get_running_loop().time() + 60
    while (await act(STATE))["edges"][0]["node"] != {"id": export, "state": "READY"}:
        assert asyncio.get_running_loop().time() < until, fleet.logs()[-3000:]
        await asyncio.sleep(0.2)
    link = (await act(LINK, id=export))["link"]["path"]
    async with httpx.AsyncClient(trust_env=False, base_url=fleet.web_urls[0]) as http:
        file = await http.get(link)
    assert file.status_code == 200
    for number in NUMBERS:
        assert number in file.text

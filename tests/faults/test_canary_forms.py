"""Phones in every written form, good and bad, through every door of real processes: seen nowhere.

Besides tills, look-ups and sockets: log-in with WeChat, the phone button, a member's own data, an export.

Web and worker log at DEBUG. Looked through are replies, frames of sockets, both logs, metrics, all of
Redis and every row of the database; a planted leak shows that each place would be seen.
"""

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import orjson
import pytest
from redis.asyncio import Redis
from tests.faults.canary_acts import (
    a_wechat,
    ask_for_everything,
    export_everybody,
    log_in_and_bind,
)
from tests.faults.test_canaries import _redis_said
from tests.support.canaries import (
    BAD,
    NUMBERS,
    Sighting,
    has_canary,
    kept_in_the_clear,
    sightings,
    written_forms,
)
from tests.support.fleet import Fleet, a_fleet, free_port, web, worker
from tests.support.recording_till import RecordingTill
from tests.support.sockets import POINTS
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FORMS = [form for number in NUMBERS for form in written_forms(number)]
LOOK_UP = "query ($phone: String!) { memberByPhone(phone: $phone) { cardNo maskedPhone } }"


def test_every_written_form_is_seen_and_what_is_masked_is_not() -> None:
    for form in (*FORMS, *BAD):
        for said in (
            form,
            orjson.dumps(form).decode(),
            quote(form),
            ascii(form),
            repr(form.encode()),
        ):
            assert has_canary(f"x {said} y"), said
    assert has_canary(NUMBERS[0].encode().hex())
    for masked in ("139****0481", "+86 139****0481", "13956", "0481", "%13", "\\x"):
        assert not has_canary(masked)


def _token(fleet: Fleet, *words: str) -> str:
    said = fleet.shuke(*words, "--json")
    assert said.code == 0, said.err
    token: str = said.json["token"]
    return token


class _Caller:
    """Asks what it likes, and keeps every reply."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.replies = fleet, list[str]()
        self.http = httpx.AsyncClient(trust_env=False, timeout=10, base_url=fleet.web_urls[0])

    async def ask(self, door: str, token: str | None, body: Any, *, own: bool = False) -> Any:
        """`own`: the reply is let have a phone, which is the asker's."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        address = f"/t/{self.fleet.slug}/{door}/graphql"
        answer = await self.http.post(address, json=body, headers=headers)
        if not own:
            self.replies.append(answer.text)
        return answer.json()


async def _sell(fleet: Fleet, till: RecordingTill) -> None:
    """A ticket for each form, good and bad, named like nobody else."""
    for nth, form in enumerate((*FORMS, *BAD)):
        ticket = {
            "no": f"C{nth:04}",
            "store": "S1",
            "at": datetime.now(UTC).isoformat(),
            "phone": form,
            "total": "10.00",
        }
        act = till.history.ask("sale", ticket["no"], 10)
        await till._deliver([act], [ticket], once=False)
    await _until(fleet, "SELECT count(*) FROM orders", len(FORMS))
    await _until(fleet, "SELECT count(*) FROM inbox WHERE state <> 'done'", 0)


async def _until(fleet: Fleet, sql: str, wanted: int) -> None:
    until = asyncio.get_running_loop().time() + 60
    async with fleet.database("postgres") as db:
        while await db.fetchval(sql) != wanted:
            assert asyncio.get_running_loop().time() < until, fleet.logs()[-3000:]
            await asyncio.sleep(0.2)


async def _look_up(caller: _Caller, staff: str) -> None:
    """By good and bad phones, as variable, as literal, as what is no string at all."""
    for form in written_forms(NUMBERS[0]):
        found = await caller.ask("staff", staff, {"query": LOOK_UP, "variables": {"phone": form}})
        assert "data" in found, found
        assert found["data"]["memberByPhone"]["maskedPhone"] == "139****0481", (form, found)
    for form in BAD:
        refused = await caller.ask("staff", staff, {"query": LOOK_UP, "variables": {"phone": form}})
        assert refused["errors"], form
    literal = LOOK_UP.replace("$phone: String!", "").replace("query ()", "query")
    for text in (f'"{NUMBERS[1]}"', f'"{BAD[0]}"', NUMBERS[1]):
        await caller.ask("staff", staff, {"query": literal.replace("$phone", text)})
    number = int(NUMBERS[1])
    for value in (number, [NUMBERS[1]], {"phone": NUMBERS[1]}):
        refused = await caller.ask(
            "staff", staff, {"query": LOOK_UP, "variables": {"phone": value}}
        )
        assert refused["errors"], value


async def _heard(fleet: Fleet, token: str, till: RecordingTill) -> list[str]:
    """What a member's socket says while they buy once more."""
    address = f"{fleet.web_urls[0]}/t/{fleet.slug}/member/graphql".replace("http", "ws", 1)
    said: list[str] = []
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as socket:
        first = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
        await socket.send(orjson.dumps(first).decode())
        said.append(str(await asyncio.wait_for(socket.recv(), 10)))
        wrong: dict[str, Any] = {"query": POINTS, "variables": {"after": int(NUMBERS[0])}}
        await socket.send(orjson.dumps({"id": "0", "type": "subscribe", "payload": wrong}).decode())
        said.append(str(await asyncio.wait_for(socket.recv(), 10)))
        assert '"error"' in said[-1], said
        asked = {"id": "1", "type": "subscribe", "payload": {"query": POINTS}}
        await socket.send(orjson.dumps(asked).decode())
        said.append(str(await asyncio.wait_for(socket.recv(), 10)))
        ticket = {
            "no": "LIVE1",
            "store": "S1",
            "at": datetime.now(UTC).isoformat(),
            "phone": NUMBERS[0],
            "total": "10.00",
        }
        await till._deliver([till.history.ask("sale", "LIVE1", 10)], [ticket], once=False)
        said.append(str(await asyncio.wait_for(socket.recv(), 30)))
    assert '"EARN"' in said[-1], said
    return said


@pytest.fixture(scope="module")
def metrics() -> dict[str, int]:
    return {"web": free_port(), "worker": free_port()}


@pytest.fixture(scope="module")
def wechat() -> Iterator[str]:
    with a_wechat() as address:
        yield address


@pytest.fixture(scope="module")
def fleet(metrics: dict[str, int], wechat: str) -> Iterator[Fleet]:
    """Web and worker that log at DEBUG and tell metrics, and think that they speak with WeChat."""
    debug = {"SHUKE_LOG_FORMAT": "json", "SHUKE_LOG_LEVEL": "debug", "SHUKE_WECHAT_URL": wechat}
    programs = {
        "web": web(free_port(), **debug, SHUKE_METRICS_PORT=str(metrics["web"])),
        "worker": worker(**debug, SHUKE_METRICS_PORT=str(metrics["worker"])),
    }
    with a_fleet(programs) as fleet:
        fleet.start("web")
        fleet.start("worker")
        yield fleet


async def _seen(fleet: Fleet, metrics: dict[str, int]) -> list[Sighting]:
    """Every place but replies that has a planted phone in it."""
    found = sightings("logs", fleet.logs())
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, port in metrics.items():
            told = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
            found += sightings(f"metrics of {name}", told)
    found += sightings("Redis", await _redis_said(fleet))
    async with fleet.database("postgres") as db:
        found += await kept_in_the_clear(db)
    return found


async def _leak(fleet: Fleet) -> None:
    """A phone in a text, in a JSON document, in a line of the log and in a job."""
    leaked = written_forms(NUMBERS[2])[7]
    async with fleet.database("postgres") as db:
        await db.execute("UPDATE tenant SET name = $1", leaked)
        await db.execute(
            "UPDATE event SET payload = jsonb_build_object('to', $1::text) WHERE seq = "
            "(SELECT min(seq) FROM event)",
            leaked,
        )
    with fleet.log_of("worker").open("a") as log:
        log.write(f'{{"message": "rated an order of {leaked}"}}\n')
    client = Redis.from_url(fleet.servers.redis_url)
    await client.rpush("arq:leak", orjson.dumps({"phone": leaked}))
    await client.aclose()


async def test_no_place_has_a_phone_in_any_form_and_a_planted_one_is_seen(
    fleet: Fleet, metrics: dict[str, int], wechat: str
) -> None:
    await fleet.is_up()
    till = RecordingTill(fleet.web_urls, fleet.slug, fleet.secret, random.Random(5))  # noqa: S311
    caller = _Caller(fleet)
    await _sell(fleet, till)
    fleet.shuke("staff", "add", fleet.slug, "boss", "--name", "老板", "--role", "admin")
    staff = _token(fleet, "staff", "token", fleet.slug, "boss")
    member = _token(fleet, "tenant", "member-token", fleet.slug, "--phone", FORMS[6])
    said = [fleet.shuke("tenant", "member-token", fleet.slug, "--phone", bad) for bad in BAD]
    assert {each.code for each in said} == {2}
    await _look_up(caller, staff)
    await caller.ask("member", member, {"query": "{ me { cardNo } }"})
    heard = await _heard(fleet, member, till)
    mine = await log_in_and_bind(fleet, wechat, caller.ask, staff)
    await ask_for_everything(caller.ask, mine)
    await export_everybody(fleet, caller.ask)
    places = {
        "replies": "\n".join(caller.replies + till.answers),
        "sockets": "\n".join(heard),
        "the command line": "\n".join(each.out + each.err for each in said),
    }
    await caller.http.aclose()
    await till.close()
    assert [s for place, text in places.items() for s in sightings(place, text)] == []
    assert await _seen(fleet, metrics) == []
    await _leak(fleet)
    seen = {sighting.place for sighting in await _seen(fleet, metrics)}
    assert seen == {"logs", "Redis", "event", "tenant"}

"""Phones planted through web, worker and faults turn up nowhere; a trace is found from end to end."""

import asyncio
import random

import httpx
import orjson
import pytest
from redis.asyncio import Redis
from tests.faults.fault_run import booked
from tests.support.fleet import Fleet, a_fleet, free_port, web, worker
from tests.support.recording_till import CANARY, RecordingTill

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = PARENT.split("-")[1]


# How to read a key by its type. Not by DUMP: that may be compressed, and hide what it holds.
_READ = {
    b"string": ("GET", ()), b"hash": ("HGETALL", ()), b"list": ("LRANGE", (0, -1)),
    b"set": ("SMEMBERS", ()), b"zset": ("ZRANGE", (0, -1)), b"stream": ("XRANGE", ("-", "+")),
}  # fmt: skip


async def _redis_said(fleet: Fleet) -> str:
    """Every key and value that Redis holds."""
    client = Redis.from_url(fleet.servers.redis_url)
    said = []
    async for key in client.scan_iter():
        said.append(repr(key))
        kind = await client.type(key)
        if kind != b"none":  # it may have run out in between
            word, rest = _READ[kind]
            said.append(repr(await client.execute_command(word, key, *rest)))
    await client.aclose()
    return "".join(said)


async def test_planted_phones_turn_up_nowhere_and_the_trace_of_a_request_does() -> None:
    metrics = {"web": free_port(), "worker": free_port()}
    settings = {"SHUKE_LOG_FORMAT": "json", "SHUKE_LOG_LEVEL": "debug"}
    programs = {
        "web": web(
            free_port(), ("names_people",), **settings, SHUKE_METRICS_PORT=str(metrics["web"])
        ),
        "worker": worker(("names_people",), **settings, SHUKE_METRICS_PORT=str(metrics["worker"])),
    }
    with a_fleet(programs) as fleet:
        fleet.start("web")
        fleet.start("worker")
        await fleet.is_up()
        till = RecordingTill(fleet.web_urls, fleet.slug, fleet.secret, random.Random(5))  # noqa: S311
        (fine,) = await till.sell()
        await booked(fleet, [fine.key], 20)
        till.parent = PARENT
        await till.sell(3)  # the reaction fails on them, with a phone in its words
        till.parent = None
        await till.forge()
        said = [*till.answers]
        async with httpx.AsyncClient(trust_env=False) as http:
            for path in (f"/t/{CANARY}0001/member/graphql", f"/t/fleet/hooks/{CANARY}0002"):
                answer = await http.post(f"{fleet.web_urls[0]}{path}", content=f"{CANARY}0003")
                assert answer.status_code >= 400  # it repeats the caller's own words, to the caller
            answer = await http.post(f"{fleet.web_urls[0]}/t/fleet/hooks/breaks", content="{}")
            assert answer.status_code == 500
            said.append(answer.text)
            until = asyncio.get_running_loop().time() + 15
            while "an event is parked" not in fleet.log_of("worker").read_text():
                assert asyncio.get_running_loop().time() < until, fleet.logs()[-3000:]
                await asyncio.sleep(0.1)
            told = {
                name: (await http.get(f"http://127.0.0.1:{port}/metrics")).text
                for name, port in metrics.items()
            }
        kept = await _redis_said(fleet)
        async with fleet.database("postgres") as db:
            reasons = str(await db.fetch("SELECT reason FROM parked_event"))
            payloads = str(await db.fetch("SELECT payload::text, entity FROM event"))
        lines = [orjson.loads(line) for line in fleet.logs().splitlines()]
        await till.close()

        places = {
            "logs": fleet.logs(), "metrics": "".join(told.values()), "answers": "".join(said),
            "Redis": kept, "reasons": reasons, "payloads": payloads,
        }  # fmt: skip
        assert {place: CANARY in text for place, text in places.items()} == dict.fromkeys(
            places, False
        )
        assert "(phone)" in places["logs"]
        assert "(phone)" in reasons
        parked = [line for line in lines if line["message"] == "an event is parked"]
        assert {line.get("trace") for line in parked} == {TRACE}
        assert {line["tenant"] for line in parked} == {str(fleet.tenant_id)}
        broken = [line for line in lines if line["message"].startswith("INTERNAL")]
        assert [(line["tenant"], len(line["request"])) for line in broken] == [("fleet", 16)]
        assert 'shuke_request_seconds_count{audience="hooks",status="2xx"}' in told["web"]
        assert "shuke_outbox_oldest_seconds" in told["worker"]
        assert fleet.slug not in told["web"] + told["worker"]

"""The row `membership`: the page of `read` with benefits and campaigns, as a trusted document.

Six campaigns run: some for everyone, some for who has enough points, with places, with a budget. It
stands against a bare endpoint with one statement written for just these.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import orjson

from benchmarks.bare_membership import ENOUGH
from benchmarks.data import Shop
from benchmarks.load import connections, drive, post
from benchmarks.read import CLIENTS, DOCUMENT, AnswersDiffer, asks, trusted
from benchmarks.servers import Effort, Stand, processes
from benchmarks.suite import LIMIT, OURS, Contestant, Row, alternate, row_of
from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.campaigns.rules import Act, Terms
from shuke_core.campaigns.services import Words, audience_of, create_campaign, decide
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch_value, unit_of_work
from shuke_core.rules.services import save_rule
from shuke_core.staff.services import add_staff
from shuke_schema.http.trusted import Manifest, hash_of
from shuke_schema.parts import Audience

_HEAD, _, _TAIL = DOCUMENT.rstrip().rpartition("\n  }\n")
WITH_CAMPAIGNS = f"""{_HEAD}
    benefits {{ kind nameZh state amount timesLeft until }}
  }}
  campaigns {{ id nameZh endsAt left rewardPoints timesJoined joinable }}
{_TAIL}
"""
_RULE = {"field": "member.points", "op": "gte", "value": ENOUGH}
_COMPARED = 20


async def _campaigns(shop: Shop) -> None:
    """Two for everyone, two with bounds, two for who has enough points."""
    start = clock.now().replace(microsecond=0) - timedelta(hours=1)
    async with unit_of_work(shop.tenant_id):
        rights = Rights.of(declared_permissions(), EVERY_CLASS)
        rule = await save_rule("积分够", "member", _RULE, rights, None)
        audience = await audience_of(rule.rule_id, rights)
        await add_staff("boss", "老板", "admin")
        boss = await fetch_value("SELECT id FROM staff WHERE tenant_id = $1 AND handle = 'boss'")
        for nth, said in enumerate(
            (
                {},
                {"reward_points": 10},
                {"places": 100},
                {"reward_points": 10, "budget_points": 1_000},
                {"audience_id": audience},
                {"audience_id": audience, "reward_points": 50},
            )
        ):
            terms = Terms(start, start + timedelta(days=nth + 1), **said)  # type: ignore[arg-type]
            words = Words(f"活动 {nth}", f"Campaign {nth}")
            campaign = await create_campaign(f"C{nth}", words, terms)
            await decide(campaign, 1, Act.SUBMIT, None)
            await decide(campaign, 2, Act.APPROVE, boss)


def _bare(shop: Shop, number: int) -> bytes:
    bearer = {"authorization": f"Bearer {shop.token(number)}"}
    return post(f"/t/{shop.slug}/membership", bearer, b"{}")


def _manifest(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    texts = {hash_of(WITH_CAMPAIGNS): WITH_CAMPAIGNS}
    made = Manifest("membership", "1", Audience.MEMBER, texts)
    (folder / made.file_name).write_bytes(made.written())
    return folder


async def _compare(web: int, bare: int, shops: Sequence[Shop]) -> None:
    """Both give the same page, and it has campaigns of each sort among them."""
    streams = {web: asks(shops, trusted(WITH_CAMPAIGNS)), bare: asks(shops, _bare)}
    counts = set()
    for _ in range(_COMPARED):
        pages = []
        for port, stream in streams.items():
            async with connections(port, 1) as (connection,):
                pages.append(orjson.loads(await connection.ask(next(stream))).get("data"))
        if pages[0] is None or pages[0] != pages[1]:
            raise AnswersDiffer(f"these are not the same: {orjson.dumps(pages)[:2000]!r}")
        counts.add(len(pages[0]["campaigns"]))
    if counts != {4, 6}:
        raise AnswersDiffer(f"members see {counts} campaigns, and not some 4 and some 6")


async def run(here: Stand, effort: Effort, shops: Sequence[Shop]) -> list[Row]:
    """Requests a second, eight connections, one web process each."""
    for shop in shops:
        await _campaigns(shop)
    with processes(here) as started:
        web = started.web(SHUKE_DOCUMENTS=str(_manifest(here.settings.home / "membership")))
        bare = started.bare(here.places.app_dsn)
        await _compare(web, bare, shops)

        def contestant(port: int, stream: Iterator[bytes]) -> Contestant:
            async def requests() -> float:
                load = await drive(port, stream, clients=CLIENTS, seconds=effort.seconds)
                return load.per_second

            return requests

        contest = {
            OURS: contestant(web, asks(shops, trusted(WITH_CAMPAIGNS))),
            LIMIT: contestant(bare, asks(shops, _bare)),
        }
        for warm in contest.values():
            await warm()
        rounds = await alternate(effort.rounds, contest)
    return [row_of("membership", "requests/s", rounds)]

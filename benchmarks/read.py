"""The rows `read` and `read.plugin`: the member page over HTTP, as a trusted document.

`read` stands against a bare endpoint with one written statement, and against PostGraphile 5;
`read.plugin` is the page with a plugin's fields against the page without.
"""

import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import asyncpg
import orjson

from benchmarks import peer
from benchmarks.data import SEED, Shop
from benchmarks.load import connections, drive, post
from benchmarks.servers import Effort, Processes, Stand, free_port, processes
from benchmarks.suite import LIMIT, OURS, PEER, Contestant, Row, alternate, row_of
from shuke_core.database.config import credentials
from shuke_core.kit.transactions import unit_of_work
from shuke_core.plugin_host import enable_plugin
from shuke_schema.http.trusted import Manifest, hash_of
from shuke_schema.parts import Audience

CLIENTS = 8
GOAL = 0.7
PLUGIN_GOAL = 0.9

_PAGE = """
query Membership {
  me {
    cardNo maskedPhone joinedAt
    points {
      balance debt
      expiringSoon(days: 30) { points expiresAt }
      entries(first: 10) { edges { node { id kind points at } } pageInfo { hasNextPage } }
    }
    orders(first: 10) {
      edges {
        node {
          id no state store { code name } paidAt
          total { fen currency } refunded { fen currency }
        }
      }
      pageInfo { hasNextPage }
    }%s
  }
}
"""
DOCUMENT = _PAGE % ""
WITH_PLUGIN = _PAGE % " retail { orders spentFen channels { source orders spentFen lastAt } }"
_COMPARED = 20

_BY_CHANNEL = """
INSERT INTO retail_channel_purchases
       (tenant_id, id, member_id, source, orders, spent_fen, last_at)
SELECT o.tenant_id, gen_random_uuid(), o.member_id, c.source, count(*), sum(o.total_fen),
       max(o.placed_at)
  FROM orders o CROSS JOIN (VALUES ('till'), ('mini-program')) c (source)
 WHERE o.tenant_id = '{tenant}' GROUP BY o.tenant_id, o.member_id, c.source
"""

Ask = Callable[[Shop, int], bytes]


class AnswersDiffer(Exception):
    """Two contestants do not give the same page, so comparing their speed says nothing."""


def asks(shops: Sequence[Shop], ask: Ask) -> Iterator[bytes]:
    """Requests of random members without end; the same members in each run."""
    draw = random.Random(SEED)  # noqa: S311
    while True:
        shop = draw.choice(shops)
        yield ask(shop, draw.randint(1, shop.members))


def trusted(document: str) -> Ask:
    body = orjson.dumps({"documentId": f"sha256:{hash_of(document)}"})

    def ask(shop: Shop, number: int) -> bytes:
        bearer = {"authorization": f"Bearer {shop.token(number)}"}
        return post(f"/t/{shop.slug}/member/graphql", bearer, body)

    return ask


def _bare(shop: Shop, number: int) -> bytes:
    return post(f"/t/{shop.slug}/me", {"authorization": f"Bearer {shop.token(number)}"}, b"{}")


def manifest(folder: Path) -> Path:
    """The folder with the manifest of the documents that are asked here."""
    folder.mkdir(exist_ok=True)
    texts = {hash_of(text): text for text in (DOCUMENT, WITH_PLUGIN)}
    made = Manifest("bench", "1", Audience.MEMBER, texts)
    (folder / made.file_name).write_bytes(made.written())
    return folder


async def _switch_on_plugin(here: Stand, shops: Sequence[Shop]) -> None:
    """Retail for all tenants, with two channels of every member."""
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        for shop in shops:
            async with unit_of_work(shop.tenant_id):
                await enable_plugin("retail")
            async with owner.transaction():
                await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
                await owner.execute(_BY_CHANNEL.format(tenant=shop.tenant_id))
        await owner.execute("VACUUM (ANALYZE) retail_channel_purchases")
    finally:
        await owner.close()


async def _compare(shops: Sequence[Shop], web: int, asked: Mapping[int, Ask]) -> None:
    ports = {web: trusted(DOCUMENT), **asked}
    streams = {port: asks(shops, ask) for port, ask in ports.items()}
    for _ in range(_COMPARED):
        pages = {}
        for port, stream in streams.items():
            async with connections(port, 1) as (connection,):
                answer = orjson.loads(await connection.ask(next(stream)))
            shown = answer.get("data", {}).get("me")
            pages[port] = peer.as_page(answer) if shown and "accounts" in shown else shown
        if any(page is None or page != pages[web] for page in pages.values()):
            raise AnswersDiffer(f"these are not the same: {orjson.dumps(pages)[:2000]!r}")


async def rival_of(here: Stand, started: Processes) -> int | None:
    """The port of the peer; None, and why on stderr, where it can't be had."""
    try:
        folder = peer.install()
        await peer.prepare(here)
        port = free_port()
        return started.peer(*peer.command(folder, here, port), port)
    except peer.PeerMissing as missing:
        print(f"without a peer: {missing}", file=sys.stderr)
        return None


async def run(here: Stand, effort: Effort, shops: Sequence[Shop]) -> list[Row]:
    """Requests a second, eight connections, one web process each."""
    await _switch_on_plugin(here, shops)
    with processes(here) as started:
        web = started.web(SHUKE_DOCUMENTS=str(manifest(here.settings.home / "documents")))
        bare = started.bare(here.places.app_dsn)
        others = {bare: _bare}
        if (rival := await rival_of(here, started)) is not None:
            others[rival] = peer.request
        await _compare(shops, web, others)

        def contestant(port: int, ask: Ask) -> Contestant:
            requests_of = asks(shops, ask)

            async def requests() -> float:
                load = await drive(port, requests_of, clients=CLIENTS, seconds=effort.seconds)
                return load.per_second

            return requests

        ours, limit = contestant(web, trusted(DOCUMENT)), contestant(bare, _bare)
        with_plugin = contestant(web, trusted(WITH_PLUGIN))
        contest = {OURS: ours, LIMIT: limit}
        if rival is not None:
            contest[PEER] = contestant(rival, peer.request)
        for warm in (*contest.values(), with_plugin):
            await warm()
        page = await alternate(effort.rounds, contest)
        plugin = await alternate(effort.rounds, {OURS: with_plugin, LIMIT: ours})
    return [
        row_of("read", "requests/s", page, GOAL),
        row_of("read.plugin", "requests/s", plugin, PLUGIN_GOAL),
    ]

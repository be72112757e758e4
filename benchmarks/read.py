"""The row `read`: the member page over HTTP, against a bare endpoint with one written statement."""

import random
from collections.abc import Iterator, Sequence

import orjson

from benchmarks.data import SEED, Shop
from benchmarks.load import connections, drive, post
from benchmarks.servers import Effort, Stand, processes
from benchmarks.suite import LIMIT, OURS, Row, alternate, row_of

CLIENTS = 8

# A floor, so that nobody makes it slower unnoticed. The goal of 0.7 comes with compiled reads.
GOAL = 0.08

DOCUMENT = """
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
    }
  }
}
"""
_COMPARED = 20


class AnswersDiffer(Exception):
    """The two contestants do not give the same page, so comparing their speed says nothing."""


def _asks(shops: Sequence[Shop], path: str) -> Iterator[bytes]:
    """Requests of random members without end; the same members in each run."""
    body = orjson.dumps({"query": DOCUMENT})
    draw = random.Random(SEED)  # noqa: S311
    while True:
        shop = draw.choice(shops)
        bearer = f"Bearer {shop.token(draw.randint(1, shop.members))}"
        yield post(path.format(tenant=shop.slug), {"authorization": bearer}, body)


async def _compare(web: int, bare: int, shops: Sequence[Shop]) -> None:
    ours, theirs = _asks(shops, "/t/{tenant}/member/graphql"), _asks(shops, "/t/{tenant}/me")
    async with connections(web, 1) as (product,), connections(bare, 1) as (limit,):
        for _ in range(_COMPARED):
            answer = orjson.loads(await product.ask(next(ours)))
            if answer.get("data") != orjson.loads(await limit.ask(next(theirs)))["data"]:
                raise AnswersDiffer(f"the product answered {orjson.dumps(answer)[:500]!r}")


async def run(here: Stand, effort: Effort, shops: Sequence[Shop]) -> list[Row]:
    """Requests a second, eight connections, one web process each."""
    with processes(here) as started:
        web, bare = started.web(), started.bare(here.places.app_dsn)
        await _compare(web, bare, shops)
        ours, theirs = _asks(shops, "/t/{tenant}/member/graphql"), _asks(shops, "/t/{tenant}/me")

        async def product() -> float:
            return (await drive(web, ours, clients=CLIENTS, seconds=effort.seconds)).per_second

        async def limit() -> float:
            return (await drive(bare, theirs, clients=CLIENTS, seconds=effort.seconds)).per_second

        for warm in (product, limit):
            await warm()
        rounds = await alternate(effort.rounds, {OURS: product, LIMIT: limit})
    return [row_of("read", "requests/s", rounds, GOAL)]

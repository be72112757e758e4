"""The rows `staff.list`: a page of 50 members with points and three orders each, over HTTP.

In a tenant of 50,100 members, since the thousandth page is to be as fast as the first. Where it
begins is a cursor of our own making: a thousand pages are not turned for it.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from benchmarks.bare_list import ORDERS, ROWS
from benchmarks.data import FILLED, Shop, fill, open_shop
from benchmarks.load import connections, drive, post
from benchmarks.peer import lists
from benchmarks.read import AnswersDiffer, rival_of
from benchmarks.servers import Effort, Stand, processes
from benchmarks.suite import LIMIT, OURS, PEER, Contestant, Row, alternate, row_of
from shuke_core.database.config import credentials
from shuke_core.kit.pagination import sign_cursor
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.staff.services import add_staff, issue_staff_token
from shuke_core.tenants.keyring import tenant_keys
from shuke_schema.http.trusted import Manifest, hash_of
from shuke_schema.parts import Audience

CLIENTS = 8
GOAL, DEEP_GOAL = 0.65, 0.9
_MEMBERS = 50_100
_PAGE = 1_000
_CALLERS = 40  # the rate of one caller is bounded, and less than eight connections ask

_DOCUMENT = """
query Members($after: String) {
  members(first: 50, after: $after) {
    edges {
      node {
        id cardNo name maskedPhone joinedAt
        points { balance debt }
        orders(first: 3) {
          edges { node { no state store { code name } paidAt total { fen currency } } }
        }
      }
    }
    pageInfo { hasNextPage }
  }
}
"""
ASKED = {"documentId": f"sha256:{hash_of(_DOCUMENT)}"}
_LAST_BEFORE = """
SELECT id, joined_at, int8send((extract(epoch FROM joined_at) * 1000000)::int8)
                      || uuid_send(id) AS body
  FROM member WHERE tenant_id = $1 AND state = 'active'
 ORDER BY joined_at DESC, id DESC OFFSET $2 LIMIT 1
"""


def manifest(folder: Path) -> Path:
    """The folder with the manifest of the document that is asked here."""
    folder.mkdir(exist_ok=True)
    made = Manifest("bench-staff", "1", Audience.STAFF, {hash_of(_DOCUMENT): _DOCUMENT})
    (folder / made.file_name).write_bytes(made.written())
    return folder


async def _big_shop(here: Stand, number: int) -> Shop:
    shop = await open_shop(here, number, _MEMBERS)
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        await fill(owner, shop, ORDERS)
        await owner.execute(f"VACUUM (ANALYZE) {', '.join(FILLED)}")
    finally:
        await owner.close()
    return shop


async def tokens_of(shop: Shop) -> list[str]:
    async with unit_of_work(shop.tenant_id):
        await add_staff("manager", "Manager", "admin")
        return [await issue_staff_token("manager") for _ in range(_CALLERS)]


async def _deep_page(shop: Shop) -> tuple[str, dict[str, str]]:
    """Where page 1,000 begins: as a cursor for us, as plain keys for the limit."""
    async with unit_of_work(shop.tenant_id):
        (row,) = await fetch(_LAST_BEFORE, ROWS * (_PAGE - 1) - 1)
        cursor = sign_cursor((await tenant_keys()).digesting, "members", row["body"])
    return cursor, {"at": row["joined_at"].isoformat(), "id": str(row["id"])}


def asks_of(path: str, tokens: Sequence[str], body: object) -> Iterator[bytes]:
    encoded = orjson.dumps(body)
    return cycle([post(path, {"authorization": f"Bearer {each}"}, encoded) for each in tokens])


async def _one(port: int, asks: Iterator[bytes]) -> dict[str, Any]:
    async with connections(port, 1) as (connection,):
        answer: dict[str, Any] = orjson.loads(await connection.ask(next(asks)))
    return answer


def _same(pages: Sequence[object]) -> None:
    if any(page != pages[0] for page in pages):
        raise AnswersDiffer(f"these are not the same: {orjson.dumps(pages)[:2000]!r}")


async def run(here: Stand, effort: Effort, shops: Sequence[Shop]) -> list[Row]:
    """Requests a second, eight connections; page 1,000 stands against page 1."""
    shop = await _big_shop(here, len(shops) + 1)
    tokens, (cursor, keys) = await tokens_of(shop), await _deep_page(shop)
    folder, asked = manifest(here.settings.home / "documents"), ASKED
    ours, bare = f"/t/{shop.slug}/staff/graphql", f"/t/{shop.slug}/members"
    with processes(here) as started:
        web = started.web(SHUKE_DOCUMENTS=str(folder))
        limit = started.bare(here.places.app_dsn)
        rival = await rival_of(here, started)
        first = asks_of(ours, tokens, asked)
        deep = asks_of(ours, tokens, {**asked, "variables": {"after": cursor}})
        by_hand = asks_of(bare, tokens, {})
        hand_deep = asks_of(bare, tokens, keys)
        _same(
            [(await _one(port, asks))["data"] for port, asks in ((web, deep), (limit, hand_deep))]
        )
        pages = [
            (await _one(port, asks))["data"] for port, asks in ((web, first), (limit, by_hand))
        ]
        if rival is not None:
            answer = await _one(rival, iter([lists.request(shop)]))
            pages.append({"members": lists.as_list(answer)})
        _same(pages)

        def contestant(port: int, asks: Iterator[bytes]) -> Contestant:
            async def requests() -> float:
                load = await drive(port, asks, clients=CLIENTS, seconds=effort.seconds)
                return load.per_second

            return requests

        contest = {OURS: contestant(web, first), LIMIT: contestant(limit, by_hand)}
        if rival is not None:
            contest[PEER] = contestant(rival, cycle([lists.request(shop)]))
        for warm in contest.values():
            await warm()
        lists_read = await alternate(effort.rounds, contest)
        further = await alternate(
            effort.rounds, {OURS: contestant(web, deep), LIMIT: contestant(web, first)}
        )
    return [
        row_of("staff.list", "requests/s", lists_read, GOAL),
        row_of("staff.list.page1000", "requests/s", further, DEEP_GOAL),
    ]

"""The rows `growth`: the same acts in a tenant of ten times as many members, taking turns.

Both tenants are in one database, so what is compared is what a larger tenant costs: deeper
indexes, a larger working set, other plans.
"""

from collections.abc import Iterator, Sequence

import asyncpg

from benchmarks import earn, read, staff
from benchmarks.data import FILLED, Shop, fill, open_shop
from benchmarks.load import drive
from benchmarks.servers import Effort, Stand, processes
from benchmarks.suite import LIMIT, OURS, Contestant, Row, alternate, row_of
from shuke_core.database.config import credentials

CLIENTS = 8
GOAL = 0.8
TIMES = 10
_NUMBER = 910  # of the first of the two tenants


async def _two_shops(here: Stand, members: int) -> tuple[Shop, Shop]:
    """A tenant of a tenth of the members, and one of them all."""
    small = await open_shop(here, _NUMBER, members // TIMES)
    large = await open_shop(here, _NUMBER + 1, members)
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        for shop in (small, large):
            await fill(owner, shop)
        await owner.execute(f"VACUUM (ANALYZE) {', '.join(FILLED)}")
    finally:
        await owner.close()
    return small, large


async def run(here: Stand, effort: Effort, _: Sequence[Shop]) -> list[Row]:
    """Of the large tenant to the small one: pages of members, lists of staff, earnings."""
    small, large = await _two_shops(here, effort.members)
    staff.manifest(folder := read.manifest(here.settings.home / "documents"))

    async def contest(name: str, unit: str, ours: Contestant, limit: Contestant) -> Row:
        await ours()
        await limit()
        rounds = await alternate(effort.rounds, {OURS: ours, LIMIT: limit})
        return row_of(name, unit, rounds, GOAL)

    with processes(here) as started:
        web = started.web(SHUKE_DOCUMENTS=str(folder))

        def contestant(requests: Iterator[bytes]) -> Contestant:
            async def of_a_second() -> float:
                load = await drive(web, requests, clients=CLIENTS, seconds=effort.seconds)
                return load.per_second

            return of_a_second

        async def list_of(shop: Shop) -> Contestant:
            tokens = await staff.tokens_of(shop)
            return contestant(staff.asks_of(f"/t/{shop.slug}/staff/graphql", tokens, staff.ASKED))

        page = read.trusted(read.DOCUMENT)
        pages = [contestant(read.asks([shop], page)) for shop in (large, small)]
        rows = [await contest("growth.read", "requests/s", *pages)]
        lists = [await list_of(shop) for shop in (large, small)]
        rows.append(await contest("growth.staff", "requests/s", *lists))
    earned = [
        earn.through_the_service(shop, shop.members, effort.seconds) for shop in (large, small)
    ]
    rows.append(await contest("growth.earn", "earnings/s", *earned))
    return rows

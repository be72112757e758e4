"""The rows `earn` and `earn.hot`: points of one order, through the service against pgbench."""

import asyncio
import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.data import SEED, Shop
from benchmarks.proof import proven
from benchmarks.servers import Effort, Stand
from benchmarks.suite import LIMIT, OURS, Contestant, Row, alternate, row_of
from shuke_core.database.config import credentials
from shuke_core.embedded.binaries import postgres_tree
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.services import Earning, earn
from shuke_core.points.services import ORDER

CLIENTS = 8
GOAL, GOAL_HOT = 0.8, 0.9
POINTS = 50
LIFE = timedelta(days=365)

# Three round trips, as the product's unit of work: BEGIN and the tenant travel together.
_SCRIPT = """
\\set n random(1, {members})
\\startpipeline
BEGIN;
SET LOCAL shuke.tenant_id = '{tenant}';
\\endpipeline
SELECT * FROM ledger_earn('{tenant}'::uuid, 'points', ARRAY[uuidv7()], ARRAY[uuidv7()],
    ARRAY[uuidv7()], ARRAY[('{prefix}' || lpad(to_hex(:n::bigint), 12, '0'))::uuid],
    ARRAY[{points}::bigint], 'order', ARRAY[uuidv7()], '{rule}'::uuid,
    ARRAY[now()], ARRAY[now() + interval '365 days'], now());
COMMIT;
"""


class PgbenchFailed(Exception):
    """pgbench did not run; what it said is in the text."""


def through_the_service(shop: Shop, members: int, seconds: float) -> Contestant:
    """Eight tasks of this process, each a unit of work after another."""
    draw = random.Random(SEED)  # noqa: S311

    async def client(until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            now = clock.now()
            earning = Earning(
                shop.member(draw.randint(1, members)), POINTS, new_id(), now, now + LIFE
            )
            async with unit_of_work(shop.tenant_id):
                await earn([earning], cause_type=ORDER, rule_id=shop.rule_id)
            done += 1
        return done

    async def run() -> float:
        start = time.perf_counter()
        done = await asyncio.gather(*(client(start + seconds) for _ in range(CLIENTS)))
        return sum(done) / (time.perf_counter() - start)

    return run


def _through_pgbench(
    here: Stand, shop: Shop, members: int, seconds: float, folder: Path
) -> Contestant:
    """pgbench as the app role on the same server, prepared, with as many clients."""
    script = folder / f"earn-{members}.sql"
    script.write_text(
        _SCRIPT.format(
            members=members,
            tenant=shop.tenant_id,
            prefix=shop.prefix,
            points=POINTS,
            rule=shop.rule_id,
        )
    )
    place = credentials(here.places.app_dsn)
    command = [
        str(postgres_tree() / "bin" / "pgbench"),
        *("--no-vacuum", "--protocol=prepared", f"--file={script}"),
        *(f"--client={CLIENTS}", f"--time={max(1, round(seconds))}"),
        *("-h", place["host"], "-p", str(place["port"]), "-U", place["user"], place["database"]),
    ]

    async def run() -> float:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        said, complained = await process.communicate()
        found = re.search(rb"tps = ([0-9.]+)", said)
        if process.returncode or not found:
            raise PgbenchFailed((said + complained).decode(errors="replace"))
        return float(found[1])

    return run


async def run(here: Stand, effort: Effort, shops: Sequence[Shop]) -> list[Row]:
    """Transactions a second, eight clients: spread over the members, and all on one of them."""
    shop, rows = shops[0], []
    with tempfile.TemporaryDirectory(prefix="shuke-pgbench-") as folder:
        for name, members, goal in (("earn", shop.members, GOAL), ("earn.hot", 1, GOAL_HOT)):
            contestants: dict[str, Callable[[float], Contestant]] = {
                OURS: lambda s, m=members: through_the_service(shop, m, s),  # type: ignore[misc]
                LIMIT: lambda s, m=members: _through_pgbench(  # type: ignore[misc]
                    here, shop, m, s, Path(folder)
                ),
            }
            for warm in contestants.values():
                await warm(1.0)()
            rounds = await alternate(
                effort.rounds, {who: make(effort.seconds) for who, make in contestants.items()}
            )
            rows.append(row_of(name, "earnings/s", rounds, goal))
    await proven(shop)
    return rows

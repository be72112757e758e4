"""`python -m benchmarks [--quick] [--only NAME]`: runs the suite, prints the table, writes the file.

Exit code 0, 1 when a ratio falls short of its goal, 2 for an unknown row. The quick form allows
for a busy machine: only what lies under half of a goal fails.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import uvloop

from benchmarks import batch, earn, growth, live, membership, read, rules, staff, wake
from benchmarks.data import Shop, generate
from benchmarks.servers import FULL, QUICK, Effort, Stand, stand
from benchmarks.suite import QUICK_MARGIN, Row, UnknownRow, chosen, table, write

RESULTS = Path(__file__).parent / "results" / "latest.json"

Bench = Callable[[Stand, Effort, Sequence[Shop]], Awaitable[list[Row]]]
BENCHES: dict[str, Bench] = {
    "read": read.run,
    "membership": membership.run,
    "earn": earn.run,
    "batch": batch.run,
    "wake": wake.run,
    "live": live.run,
    "staff": staff.run,  # last, with these: their tenants are ten times as large as the others
    "growth": growth.run,
    "rules": rules.run,
}


async def measure(names: Sequence[str], effort: Effort) -> list[Row]:
    """The rows of these benches, one bench after another on the same servers and data."""
    start = time.perf_counter()

    def tell(what: str) -> None:
        print(f"{time.perf_counter() - start:6.1f} s  {what}", file=sys.stderr, flush=True)

    rows: list[Row] = []
    if task := asyncio.current_task():  # so that servers and processes are stopped then, too
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    tell("starting the servers")
    async with stand() as here:
        tell(f"generating {effort.members:,} members of {effort.tenants} tenants")
        shops = await generate(here, effort)
        for name in names:
            tell(name)
            done = await BENCHES[name](here, effort, shops)
            tell(", ".join(f"{row.name} {row.ours} {row.unit}" for row in done))
            rows += done
    tell("done")
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller data, about five minutes")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help=", ".join(BENCHES)
    )
    options = parser.parse_args(arguments)
    try:
        names = chosen(options.only, list(BENCHES))
    except UnknownRow as unknown:
        print(unknown, file=sys.stderr)
        return 2
    rows = uvloop.run(measure(names, QUICK if options.quick else FULL))
    print(table(rows))
    write(rows, RESULTS)
    short = [row for row in rows if row.falls_short(QUICK_MARGIN if options.quick else 1.0)]
    for row in short:
        print(f"{row.name}: {row.ratio_limit} of the limit, the goal is {row.goal}")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())

"""`shuke worker`: the process that works off what waits."""

import asyncio
import signal

import click

from shuke_core.app import DRAINS
from shuke_core.runtime import Runtime
from shuke_core.worker.process import work
from shuke_schema.cli.run import in_runtime


async def _work(runtime: Runtime) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(DRAINS, runtime.settings, runtime.places.redis_url, stop)


@click.command()
def worker() -> None:
    """Work off what waits: messages, events, schedules.

    Several may run; they share the work and take over from one that died. Runs until SIGTERM or
    Ctrl-C; what is under way then is done again by the next.
    """
    in_runtime(_work)

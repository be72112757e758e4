"""`shuke worker`: the process that works off what waits."""

import asyncio
import signal

import click

from shuke_core.app import DRAINS
from shuke_core.gauges import keep_gauges
from shuke_core.live.publisher import publish_to
from shuke_core.live.streams import Streams
from shuke_core.runtime import Runtime
from shuke_core.worker.process import work
from shuke_schema.cli.exporter import telling_metrics
from shuke_schema.cli.run import in_runtime

_GAUGES_SECONDS = 10.0


async def _work(runtime: Runtime) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        telling_metrics(runtime.settings, keep_gauges(_GAUGES_SECONDS)),
        Streams(runtime.places.redis_url) as streams,
    ):
        publish_to(streams)
        try:
            await work(DRAINS, runtime.settings, runtime.places.redis_url, stop)
        finally:
            publish_to(None)


@click.command()
def worker() -> None:
    """Work off what waits: messages, events, schedules.

    Several may run; they share the work and take over from one that died. Runs until SIGTERM or
    Ctrl-C: no new batch then, five seconds for those under way, and what is left goes back to be
    taken by another at once.
    """
    in_runtime(_work)

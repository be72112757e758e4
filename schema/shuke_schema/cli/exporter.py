"""Tells Prometheus this process's numbers, on a port of their own that the public never reaches."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import start_http_server

from shuke_core.gauges import watch_loop
from shuke_core.kit.tasks import end
from shuke_core.settings import Settings
from shuke_schema.cli.failures import PortInUse


@asynccontextmanager
async def telling_metrics(
    settings: Settings, *beside: Coroutine[Any, Any, None]
) -> AsyncIterator[None]:
    """While the block runs; `beside` keeps gauges meanwhile. Without SHUKE_METRICS_PORT nothing."""
    if settings.metrics_port is None:
        for unused in beside:
            unused.close()
        yield
        return
    try:
        server, thread = start_http_server(settings.metrics_port, settings.metrics_host)
    except OSError as fault:
        for unused in beside:
            unused.close()
        where = f"{settings.metrics_host}:{settings.metrics_port}"
        raise PortInUse(
            f"Can't tell metrics on {where} ({fault.strerror}). Each process needs a "
            "SHUKE_METRICS_PORT of its own."
        ) from None
    tasks = [asyncio.create_task(task) for task in (watch_loop(), *beside)]
    try:
        yield
    finally:
        await end(tasks)
        server.shutdown()
        server.server_close()
        thread.join()

"""How a command gets a process in running order, and how it prints."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
import orjson
import uvloop

from shuke_core.runtime import Runtime, running
from shuke_core.settings import current_settings
from shuke_schema.cli.logs import configure_logging

Result = TypeVar("Result")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def in_runtime(work: Callable[[Runtime], Awaitable[Result]]) -> Result:
    """Runs `work` with settings, servers and pool in place, and takes them down again."""
    settings = current_settings()
    configure_logging(settings)

    async def run() -> Result:
        async with running(settings) as runtime:
            return await work(runtime)

    return uvloop.run(run())


def say(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    """Prints the facts as one line of JSON, or the sentence."""
    click.echo(orjson.dumps(facts, default=str).decode() if as_json else sentence)

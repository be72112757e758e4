"""How a command gets a process in running order, and how it prints."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click
import orjson
import uvloop

from shuke_core.runtime import Runtime, running
from shuke_core.settings import Settings, current_settings

Result = TypeVar("Result")

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def in_runtime(work: Callable[[Runtime], Awaitable[Result]]) -> Result:
    """Runs `work` with settings, servers and pool in place, and takes them down again."""
    settings = current_settings()
    configure_logging(settings)

    async def run() -> Result:
        async with running(settings) as runtime:
            return await work(runtime)

    return uvloop.run(run())


class LogFormatter(logging.Formatter):
    """One line a record, what it was logged with (`extra`) behind the message as `key=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """The line, before a traceback; values with blanks, quotes or `=` stand in quotes."""
        extras = (
            f"{name}={_plain(str(value))}"
            for name, value in vars(record).items()
            if name not in _OF_EVERY_RECORD
        )
        return " ".join((super().formatMessage(record), *extras))


def _plain(value: str) -> str:
    bare = value.isprintable() and not set(value) & set(' ="')
    return value if value and bare else json.dumps(value, ensure_ascii=False)


def configure_logging(settings: Settings) -> None:
    """Logs go to stderr, one line a record."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    logging.getLogger("arq").setLevel(logging.WARNING)  # it has a line for every wake


def say(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    """Prints the facts as one line of JSON, or the sentence."""
    click.echo(orjson.dumps(facts, default=str).decode() if as_json else sentence)

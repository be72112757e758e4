"""How lines of the log look: text for people, JSON for machines; neither shows anybody's phone.

Behind the words stand what the record was logged with (`extra`) and what is noted of the work at
hand: request, tenant, topic, trace. Every line, traceback included, goes through one mask.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from shuke_core.kit.masking import without_people
from shuke_core.kit.traces import current_notes
from shuke_core.settings import Settings

_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_OF_UVICORN = frozenset({"color_message"})


def _extras(record: logging.LogRecord) -> Mapping[str, Any]:
    logged = {
        name: value
        for name, value in vars(record).items()
        if name not in _OF_EVERY_RECORD | _OF_UVICORN
    }
    return {**current_notes(), **logged}


class LogFormatter(logging.Formatter):
    """One line a record, what it was logged with behind the message as `key=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record, a traceback below it, masked."""
        return without_people(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """The line, before a traceback; values with blanks, quotes or `=` stand in quotes."""
        extras = (f"{name}={_plain(str(value))}" for name, value in _extras(record).items())
        return " ".join((super().formatMessage(record), *extras))


def _plain(value: str) -> str:
    bare = value.isprintable() and not set(value) & set(' ="')
    return value if value and bare else json.dumps(value, ensure_ascii=False)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what is noted, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        facts = {
            **{name: _value(value) for name, value in _extras(record).items()},
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_people(record.getMessage()),
        }
        if record.exc_info:
            facts["traceback"] = without_people(self.formatException(record.exc_info))
        return orjson.dumps(facts, default=str).decode()


def _value(value: object) -> object:
    return value if isinstance(value, bool | int | float) else without_people(str(value))


def configure_logging(settings: Settings) -> None:
    """Logs go to stderr, one line a record."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else LogFormatter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    logging.getLogger("arq").setLevel(logging.WARNING)  # it has a line for every wake

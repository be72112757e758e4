"""A line of the log carries what it was logged with; a traceback follows it."""

import logging
import sys

import pytest

from shuke_schema.cli.logs import LogFormatter


def line(message: str, **extra: object) -> str:
    """The line without its time."""
    logger = logging.getLogger("shuke.test")
    record = logger.makeRecord(
        "shuke.test", logging.ERROR, __file__, 1, message, (), None, extra=extra
    )
    return LogFormatter().format(record).split(" ", 2)[2]


def test_what_was_logged_with_a_record_stands_behind_its_message() -> None:
    assert line("a batch failed", topic="inbox", tenant=7) == (
        "ERROR shuke.test a batch failed topic=inbox tenant=7"
    )
    assert line("a plugin failed", plugin="perks", hook="x") == (
        "ERROR shuke.test a plugin failed plugin=perks hook=x"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("two words", '"two words"'),
        ("a=b", '"a=b"'),
        ('"', '"\\""'),
        ("one\ntwo", '"one\\ntwo"'),
        ("", '""'),
        ("唱片行", "唱片行"),
    ],
)
def test_a_value_can_not_pass_for_more_than_one(value: str, shown: str) -> None:
    assert line("m", key=value) == f"ERROR shuke.test m key={shown}"


def test_a_line_without_extras_is_as_it_was_and_a_traceback_stays_behind() -> None:
    assert line("plain") == "ERROR shuke.test plain"
    try:
        raise ValueError("why")
    except ValueError:
        fault = sys.exc_info()
    record = logging.getLogger("shuke.test").makeRecord(
        "shuke.test", logging.ERROR, __file__, 1, "failed", (), fault, extra={"topic": "relay"}
    )
    first, *rest = LogFormatter().format(record).splitlines()
    assert first.endswith("ERROR shuke.test failed topic=relay")
    assert rest[-1] == "ValueError: why"

"""The published SDL is the schema that is served, and keeps what was released."""

from pathlib import Path

import pytest

from shuke_schema.composition import published
from shuke_schema.promises import broken_promises

FOLDER = Path(__file__).parents[2] / "schema" / "sdl"
RELEASED = FOLDER / "released"


def test_the_committed_sdl_is_up_to_date() -> None:
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.graphql")}
    assert committed == published(), "run `shuke schema export` and commit the difference"


def test_there_are_promises_for_both_audiences() -> None:
    assert {"member.graphql", "staff.graphql"} <= {path.name for path in RELEASED.iterdir()}


@pytest.mark.parametrize("path", sorted(RELEASED.glob("*.graphql")), ids=lambda path: path.name)
def test_nothing_that_was_released_goes_undeprecated(path: Path) -> None:
    assert broken_promises(path.read_text(), published().get(path.name, "")) == []


_SDL = """
type Query { me: Member old: Gone @deprecated(reason: "see me") }
type Member { id: ID! name(short: Boolean, long: Boolean @deprecated): String }
type Gone { id: ID! }
type Payload { code: ErrorCode! }
enum ErrorCode { FULL EMPTY @deprecated }
"""


@pytest.mark.parametrize(
    ("was", "will_be", "broken"),
    [
        (
            "name(short: Boolean, long: Boolean @deprecated): String",
            "",
            "Field Member.name was removed.",
        ),
        ("short: Boolean, ", "", "Argument Member.name(short:) was removed."),
        ("me: Member ", "", "Field Query.me was removed."),
        ("id: ID! name", "id: Int! name", "Field Member.id changed type from ID! to Int!."),
        ("FULL EMPTY", "EMPTY", "Enum value ErrorCode.FULL was removed."),
    ],
)
def test_what_goes_undeprecated_is_found(was: str, will_be: str, broken: str) -> None:
    assert broken in broken_promises(_SDL, _SDL.replace(was, will_be, 1))


@pytest.mark.parametrize(
    ("was", "will_be"),
    [
        (", long: Boolean @deprecated", ""),
        ("EMPTY @deprecated", ""),
        ('old: Gone @deprecated(reason: "see me") }', "}"),
        ("id: ID! name", "id: ID! more: Int name"),
        ("FULL EMPTY", "FULL NEW EMPTY"),
    ],
)
def test_what_was_deprecated_may_go_and_what_is_new_may_come(was: str, will_be: str) -> None:
    after = _SDL.replace(was, will_be, 1)
    if was.startswith("old"):
        after = after.replace("type Gone { id: ID! }", "")
    assert after != _SDL
    assert broken_promises(_SDL, after) == []

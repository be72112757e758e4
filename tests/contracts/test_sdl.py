"""The published SDL is the schema that is served."""

from pathlib import Path

from shuke_schema.composition import published

FOLDER = Path(__file__).parents[2] / "schema" / "sdl"


def test_the_committed_sdl_is_up_to_date() -> None:
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.graphql")}
    assert committed == published(), "run `shuke schema export` and commit the difference"

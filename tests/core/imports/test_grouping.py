"""Where a batch of rows that belong together may end."""

import pytest

from shuke_core.imports.grouping import runs, safe_end


@pytest.mark.parametrize(
    ("keys", "found", "end"),
    [
        ("", [], 0),
        ("..", [], 2),
        ("a", [(0, 1)], 0),
        ("aab", [(0, 2), (2, 3)], 2),
        ("aba", [(0, 1), (1, 2), (2, 3)], 2),
        ("a.a", [(0, 3)], 0),
        ("a.b", [(0, 1), (2, 3)], 2),
        (".ab..", [(1, 2), (2, 3)], 2),
        ("ab" + 50 * ".", [(0, 1), (1, 2)], 1),
        ("ab" + 51 * ".", [(0, 1), (1, 2)], 53),
    ],
)
def test_runs_of_one_key(keys: str, found: list[tuple[int, int]], end: int) -> None:
    """A dot is a row without a key."""
    of_rows = [None if key == "." else key for key in keys]
    assert list(runs(of_rows)) == found
    assert safe_end(of_rows) == end

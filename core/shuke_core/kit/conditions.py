"""Conditions of a statement: only those whose values are given.

The app's statements are planned once for all values. One that says `$2 IS NULL OR column = $2` would
be planned for every row, whatever index there is; so what is not asked for is not written.
"""

from collections.abc import Sequence


class Conditions:
    """Conditions joined by AND, and the values that fill them; `$1` is the tenant, as in `fetch`."""

    def __init__(self, *always: str) -> None:
        self._conditions = list(always)
        self.values: list[object] = []

    def when(self, condition: str, *values: object) -> "Conditions":
        """Adds the condition unless its first value is None; `{}` stands for each value in turn."""
        if values[0] is not None:
            places = []
            for value in values:
                self.values.append(value)
                places.append(f"${len(self.values) + 1}")
            self._conditions.append(condition.format(*places))
        return self

    def value(self, value: object) -> str:
        """The number of a parameter that stands elsewhere in the statement."""
        self.values.append(value)
        return f"${len(self.values) + 1}"

    def also(self, condition: str, values: Sequence[object]) -> "Conditions":
        """Adds a condition whose values are numbered already, after those that are here."""
        self._conditions.append(condition)
        self.values.extend(values)
        return self

    def limit(self, rows: int) -> str:
        """The number of a parameter for LIMIT."""
        return self.value(rows)

    def __str__(self) -> str:
        return " AND ".join(self._conditions)

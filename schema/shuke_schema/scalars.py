"""Scalars beyond GraphQL's own."""

from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

Long = NewType("Long", int)
_LARGEST = 2**53 - 1


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise ValueError("Long is a whole number of at most 2^53 - 1")
    return value


SCALARS: dict[object, ScalarDefinition] = {
    Long: strawberry.scalar(
        name="Long",
        description="A whole number that JavaScript can hold exactly: up to 2^53 - 1.",
        serialize=_whole,
        parse_value=_whole,
    ),
}

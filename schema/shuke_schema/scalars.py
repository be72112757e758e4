"""Scalars beyond GraphQL's own, and times as PostgreSQL's JSON writes them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NewType

import strawberry
from strawberry.schema.types.base_scalars import DateTimeDefinition
from strawberry.types.scalar import ScalarDefinition

Long = NewType("Long", int)
_LARGEST = 2**53 - 1


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise ValueError("Long is a whole number of at most 2^53 - 1")
    return value


def _moment(value: datetime) -> str:
    """UTC, with no zeros at the end of the fraction: compiled and ordinary answers look the same."""
    text = value.astimezone(UTC).isoformat()
    return f"{text[:-6].rstrip('0')}{text[-6:]}" if "." in text else text


SCALARS: dict[object, ScalarDefinition] = {
    Long: strawberry.scalar(
        name="Long",
        description="A whole number that JavaScript can hold exactly: up to 2^53 - 1.",
        serialize=_whole,
        parse_value=_whole,
    ),
    datetime: replace(DateTimeDefinition, serialize=_moment),
}

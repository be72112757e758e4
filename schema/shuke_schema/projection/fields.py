"""How GraphQL types are written whose fields projections answer."""

from collections.abc import Mapping
from typing import Any, TypeVar

import strawberry

from shuke_core.projection.reads import Read

Signature = TypeVar("Signature")
PROJECTED = "shuke.projected"


def projected(
    signature: Signature | None = None,
    *,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """A field with arguments that SQL answers. Of the function only its signature counts."""

    def made(function: Any) -> Any:
        return strawberry.field(
            resolver=function,
            description=description,
            metadata={**(metadata or {}), PROJECTED: True},
        )

    return made if signature is None else made(signature)


def answered_by(read: Read) -> Any:
    """A read, returned by a resolver in place of the object, list or connection that it declares."""
    return read

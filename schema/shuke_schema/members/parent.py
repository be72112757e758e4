"""What fields of other domains need to know of the member they hang on."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import strawberry

if TYPE_CHECKING:
    from shuke_schema.members.types import Member

MemberParent: TypeAlias = strawberry.Parent[
    Annotated["Member", strawberry.lazy("shuke_schema.members.types")]
]

"""What fields of other domains need to know of the member they hang on."""

from typing import Annotated, TypeAlias

import strawberry

MemberParent: TypeAlias = strawberry.Parent[
    Annotated["Member", strawberry.lazy("shuke_schema.members.types")]  # noqa: F821
]

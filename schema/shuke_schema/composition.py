"""Puts the schema of an audience together from the root fields of the domains."""

from functools import cache

import strawberry
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from shuke_schema.members.queries import MemberQuery
from shuke_schema.scalars import SCALARS

_CACHED_DOCUMENTS = 500


@cache
def member_schema() -> strawberry.Schema:
    """The member API: what a mini-program asks."""
    return strawberry.Schema(
        query=MemberQuery,
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[
            lambda: ParserCache(maxsize=_CACHED_DOCUMENTS),
            lambda: ValidationCache(maxsize=_CACHED_DOCUMENTS),
        ],
    )


def published() -> dict[str, str]:
    """The SDL of every audience, by file name; what `schema/sdl/` holds."""
    return {"member.graphql": member_schema().as_str() + "\n"}

"""Puts the schema of an audience together from the root fields of the domains."""

from functools import cache

import strawberry
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from shuke_schema.members.queries import MemberQuery

_CACHED_DOCUMENTS = 500


@cache
def member_schema() -> strawberry.Schema:
    """The member API: what a mini-program asks."""
    return strawberry.Schema(
        query=MemberQuery,
        config=StrawberryConfig(auto_camel_case=True),
        extensions=[
            lambda: ParserCache(maxsize=_CACHED_DOCUMENTS),
            lambda: ValidationCache(maxsize=_CACHED_DOCUMENTS),
        ],
    )

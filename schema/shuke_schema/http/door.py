"""What makes an endpoint: for whom, which schema, who is asking, within which limits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache

import strawberry
from graphql import GraphQLSchema

from shuke_core.tenants.queries import TenantCard
from shuke_schema.context import Context
from shuke_schema.http.introspection import may_introspect
from shuke_schema.http.limits import Limits
from shuke_schema.http.validation import Documents


@dataclass(frozen=True, slots=True)
class Door:
    """One kind of caller. `identify` runs inside the unit of work of the request, with the bearer
    token that came with it; `open_to_get` allows queries by GET and shows GraphiQL."""

    name: str
    schema_of: Callable[[TenantCard], Awaitable[strawberry.Schema]]
    identify: Callable[[TenantCard, str | None], Awaitable[Context]]
    limits: Limits
    examples: str
    open_to_get: bool = False
    may_introspect: Callable[[Context], bool] = may_introspect


@lru_cache(maxsize=128)
def documents_of(schema: strawberry.Schema, limits: Limits) -> Documents:
    """The remembered documents of a schema; as many schemas as there are sets of plugins."""
    return Documents(graphql_schema(schema), limits)


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's schema, which Strawberry keeps to itself."""
    return schema._schema

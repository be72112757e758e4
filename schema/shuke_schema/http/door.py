"""What makes an endpoint: for whom, which schema, who is asking, within which limits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache

import strawberry
from graphql import GraphQLSchema

from shuke_core.tenants.queries import TenantCard
from shuke_schema.context import Context
from shuke_schema.http.introspection import may_introspect
from shuke_schema.http.limits import Limits
from shuke_schema.http.trusted import Trusted
from shuke_schema.http.validation import Documents
from shuke_schema.rights import ServedSchema


@dataclass(frozen=True, slots=True)
class Door:
    """One kind of caller. `identify` runs inside the unit of work of the request, with the bearer
    token that came with it; `presume` stands in for it where the operation finds its caller by
    itself; `open_to_get` allows queries by GET to anybody and shows GraphiQL; `trusted` says which
    documents may be sent."""

    name: str
    schema_of: Callable[[TenantCard], Awaitable[ServedSchema]]
    identify: Callable[[TenantCard, str | None], Awaitable[Context]]
    limits: Limits
    examples: str
    presume: Callable[[TenantCard, str], Context] | None = None
    open_to_get: bool = False
    trusted: Trusted = field(default_factory=Trusted)
    may_introspect: Callable[[Context], bool] = may_introspect


@lru_cache(maxsize=128)
def documents_of(schema: ServedSchema, limits: Limits) -> Documents:
    """The remembered documents of a schema; as many schemas as there are sets of plugins."""
    return Documents(graphql_schema(schema), schema.demands, schema.registry, limits)


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """graphql-core's schema, which Strawberry keeps to itself."""
    return schema._schema

"""Root fields that could be guessed at: log-in, codes, a look-up by phone.

A field says so itself, `@strawberry.field(metadata=guarded(tries=5, seconds=60))`. It is then asked
at most once a document and in bounds by each caller and source; without Redis it is not answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import strawberry
from graphql import OperationDefinitionNode
from strawberry.types import get_object_definition

from shuke_schema.http.document import Document
from shuke_schema.http.errors import GuardedFieldRepeated
from shuke_schema.http.limits import Bucket

_KEY = "shuke.guarded"
_SOURCE_TIMES = 20  # a shop's wireless network is one source with many honest callers


@dataclass(frozen=True, slots=True)
class Guarded:
    """The bounds of one guarded field."""

    caller: Bucket
    source: Bucket


def bounds_of(*, tries: int, seconds: float) -> Guarded:
    """So many tries a caller, refilled over so many seconds.

    One source address has twenty times as many, for all its callers together; visitors, who send
    no token, are counted by it alone.
    """
    caller = Bucket(tries, tries / seconds)
    return Guarded(caller, Bucket(tries * _SOURCE_TIMES, caller.per_second * _SOURCE_TIMES))


def guarded(*, tries: int, seconds: float) -> dict[str, Guarded]:
    """Metadata for a root field with these bounds."""
    return {_KEY: bounds_of(tries=tries, seconds=seconds)}


@lru_cache(maxsize=256)
def guarded_fields(schema: strawberry.Schema) -> Mapping[str, Guarded]:
    """The guarded root fields of a schema, by name."""
    found: dict[str, Guarded] = {}
    for kind in (schema.query, schema.mutation):
        for field in schema.get_fields(get_object_definition(kind, strict=True)) if kind else ():
            if _KEY in field.metadata:
                name = schema.config.name_converter.get_graphql_name(field)
                found[name] = field.metadata[_KEY]
    return found


def guarded_once(
    schema: strawberry.Schema, document: Document, operation: OperationDefinitionNode
) -> dict[str, Guarded]:
    """The guarded fields that the operation asks; raises GuardedFieldRepeated."""
    known = guarded_fields(schema)
    asked: dict[str, Guarded] = {}
    for name in document.root_fields(operation) if known else ():
        if name in asked:
            raise GuardedFieldRepeated(field=name)
        if name in known:
            asked[name] = known[name]
    return asked

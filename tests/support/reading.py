"""Reads for tests: through the member's schema, or of single columns without GraphQL."""

from functools import cache
from typing import Any
from uuid import UUID

import orjson

from shuke_core.access.rights import EVERY_CLASS
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch_value
from shuke_core.plugin_host import discover
from shuke_core.projection.reads import OF_THE_READ, Pick, Read
from shuke_core.projection.registry import Registry
from shuke_core.projection.sql import Writer
from shuke_core.tenants.queries import this_tenant
from shuke_schema.composition import ComposedSchema, compose, shelf_of
from shuke_schema.context import Context
from shuke_schema.parts import Audience
from shuke_schema.rights import MEMBER


@cache
def whole_schema(audience: Audience = Audience.MEMBER) -> ComposedSchema:
    """The API of an audience with all plugins."""
    discover()  # whoever asks first, the plugins are in it
    return compose(audience, shelf_of(audience).parts)


async def page_of(member_id: UUID | None, document: str, **variables: Any) -> Any:
    """What a member is answered, in the unit at hand; the first error is raised."""
    context = Context(await this_tenant(), member_id, rights=MEMBER)
    return await _told(whole_schema(), document, variables, context)


async def told_staff(document: str, **variables: Any) -> Any:
    """What staff who may see everything are answered, in the unit at hand."""
    context = Context(await this_tenant(), rights=MEMBER)
    return await _told(whole_schema(Audience.STAFF), document, variables, context)


async def _told(
    schema: ComposedSchema, document: str, variables: dict[str, Any], context: Context
) -> Any:
    result = await schema.execute(document, variables, context)
    if result.errors:
        raise result.errors[0].original_error or result.errors[0]
    return orjson.loads(orjson.dumps(result.data))


async def columns_of(read: Read, *names: str) -> Any:
    """These fields of what a read finds."""
    picks = [Pick(name, name) for name in names]
    pick = Pick("", "", on=read.of.__name__, site=OF_THE_READ, picks=picks)
    values = [{"now": clock.now()}, read.given]
    made = Writer(Registry([read.of]), EVERY_CLASS, values).statement(read, pick)
    text = await fetch_value(made.text, *(values[site][name] for site, name in made.slots))
    return None if text is None else orjson.loads(text)

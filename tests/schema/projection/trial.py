"""Lets drawn documents be answered both ways, and says where the answers differ."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from inspect import isawaitable
from typing import Any
from uuid import UUID

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    Executor,
    GraphQLError,
    GraphQLSchema,
    parse,
    validate,
)
from tests.schema.projection.documents import Drawing
from tests.schema.projection.oracle import World, judging_schema
from tests.schema.projection.people import NOW, TEXTS, People

from shuke_core.access.rights import FieldClass, Rights
from shuke_core.kit import clock
from shuke_core.kit.pagination import to_cursor
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.tenants.queries import this_tenant
from shuke_schema.composition import ComposedSchema
from shuke_schema.context import Context
from shuke_schema.http.door import graphql_schema
from shuke_schema.projection.executor import ProjectionExecutor

CLERK = frozenset({FieldClass.PUBLIC, FieldClass.MONEY})
ADMIN = frozenset(FieldClass)


@dataclass(slots=True)
class Tenant:
    """A tenant with its people, who are also in the database."""

    id: UUID
    people: People
    key: bytes = b""
    slug: str = ""

    def cursors(self) -> list[str]:
        """Cursors of all its lists: right ones where they belong, wrong ones elsewhere."""
        lists = {
            "member.orders": ("orders", "placed_at"),
            "member.interactions": ("interaction", "recorded_at"),
            "points.entries": ("ledger_entry", "happened_at"),
            "members": ("member", "joined_at"),
            "items": ("item", "created_at"),
        }
        return [
            to_cursor(self.key, listed, (getattr(row, time), row.id))
            for listed, (table, time) in lists.items()
            for row in self.people.rows[table]
        ]

    def ids_to_ask_for(self) -> list[str]:
        """Ids of some categories, an item and orders of some members."""
        rows = self.people.rows
        some = [*rows["category"][:3], *rows["item"][:1], *rows["orders"][:3]]
        return [str(row.id) for row in some]


@dataclass
class Trial:
    """A compiled schema against the judge, over these tenants."""

    schema: ComposedSchema
    tenants: Sequence[Tenant]
    counts: Counter[str] = field(default_factory=Counter)

    @cached_property
    def judge(self) -> GraphQLSchema:
        return judging_schema(self.schema.as_str())

    async def difference(self, documents: int, seed: int) -> str:
        """The first difference in so many documents; nothing when all are answered alike."""
        draw = random.Random(seed)  # noqa: S311
        while self.counts["documents"] < documents:
            tenant = draw.choice(self.tenants)
            if not tenant.key:
                async with unit_of_work(tenant.id):
                    tenant.key = (await tenant_keys()).digesting
                    tenant.slug = (await this_tenant()).slug
            cursors, ids = tenant.cursors(), tenant.ids_to_ask_for()
            drawn = Drawing(self.judge, draw, cursors[:8] + cursors[-2:], TEXTS[:2], ids).document()
            node = parse(drawn.text)
            if validate(self.judge, node):
                self.counts["invalid"] += 1
                continue
            self.counts["documents"] += 1
            members = [each.id for each in tenant.people.rows["member"]]
            for variables in drawn.sets:
                for classes in (CLERK, ADMIN):
                    who = draw.choice([*members, *members, None])
                    if told := await self._differs(node, variables, tenant, who, classes):
                        return f"{told}\n{drawn.text}\n{variables}\n{who} {classes}"
        return ""

    async def _differs(
        self,
        node: DocumentNode,
        variables: dict[str, Any],
        tenant: Tenant,
        who: UUID | None,
        classes: frozenset[FieldClass],
    ) -> str:
        with clock.held_at(NOW):
            async with unit_of_work(tenant.id):
                rights = Rights(classes=classes)
                context = Context(await this_tenant(), who, rights=rights)
                before = self.schema.plans.compiled
                compiled = await _executed(
                    ProjectionExecutor, graphql_schema(self.schema), node, variables, context
                )
            world = World(tenant.people, who, tenant.key, tenant.slug, classes)
            judged = await _executed(Executor, self.judge, node, variables, world)
        whole = "twin" not in node.loc.source.body if node.loc else True
        ours, theirs = _told(compiled, whole=whole), _told(judged, whole=whole)
        self.counts["executions"] += 1
        self.counts["with errors"] += bool(judged.errors)
        self.counts["on a kept plan"] += self.schema.plans.compiled == before
        return "" if ours == theirs else f"compiled: {ours}\njudged:   {theirs}"


async def _executed(
    kind: Any, schema: GraphQLSchema, node: DocumentNode, variables: dict[str, Any], context: Any
) -> ExecutionResult:
    executor = kind.build(schema, node, context_value=context, raw_variable_values=variables)
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    if isinstance(executor, ProjectionExecutor):
        return await executor.answered()
    result: Any = executor.execute_operation(serially=True)
    made: ExecutionResult = await result if isawaitable(result) else result
    return made


def _told(result: ExecutionResult, *, whole: bool) -> tuple[bytes, list[tuple[str, str]]]:
    """The answer's bytes in one way of writing, and the errors with their paths.

    Which of several errors made a null above them, and which others are told beside it, depends on
    what came first; GraphQL leaves it open. A read below a read comes later than the judge's. Where
    there may be one, not the `whole` is told, but what was nulled.
    """
    data = orjson.loads(orjson.dumps(result.data))
    errors = {
        (str(error.path), error.message) if whole else _nulled(data, error)
        for error in result.errors or ()
    }
    return orjson.dumps(data), sorted(errors)


def _nulled(data: Any, error: GraphQLError) -> tuple[str, str]:
    """The position that is null because of an error, and why if it is the error's own."""
    at: list[str | int] = []
    for step in error.path or ():
        if data is None:
            return str(at), "something below"
        data = data[step]
        at.append(step)
    return str(at), error.message

"""graphql-core's executor, which completes a `Read` by one statement and lets its JSON through.

What SQL could not finish (a resolver's field, a refused argument) is executed the ordinary way,
for these fields alone, and put into its place: order of keys, paths of errors and nulls are
graphql-core's own.
"""

import asyncio
from collections.abc import Awaitable
from functools import partial
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    is_non_null_type,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from shuke_core.kit.transactions import read_value
from shuke_core.plugins.errors import PluginFailed
from shuke_core.projection.cursors import sign_cursors
from shuke_core.projection.reads import OF_THE_READ, Read
from shuke_core.projection.sql import NEEDS, PYTHON, REFUSED, Failed, Opens
from shuke_core.tenants.keyring import tenant_keys
from shuke_schema.containment import completed_amiss
from shuke_schema.projection.contained import read_contained
from shuke_schema.projection.plan import Asked, Outline, Plans, ask


class Part:
    """An object that SQL has built, but for its `opens`."""

    __slots__ = ("asked", "data", "opens", "outline")

    def __init__(self, data: dict[str, Any], opens: Opens, outline: Outline, asked: Asked) -> None:
        self.data, self.opens = data, opens
        self.outline, self.asked = outline, asked

    def below(self, key: str) -> Any:
        """The parts under a key that is open further down."""
        return _parts(self.data[key], self.opens[key], self.outline, self.asked)


def _parts(data: Any, opens: Opens, outline: Outline, asked: Asked) -> Any:
    if data is None:
        return None
    if isinstance(data, list):
        return [Part(each, opens, outline, asked) for each in data]
    return Part(data, opens, outline, asked)


class ProjectionExecutor(StrawberryGraphQLCoreExecutionContext):
    """Belongs to every composed schema; `plans` are found on it.

    A unit of work has one connection, so root fields run one after another. Below them a field that
    fails makes graphql-core cancel its siblings; a statement that is cancelled would undo the unit.
    So what may have siblings runs as a task, which the failure of a sibling does not reach.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._running: set[asyncio.Future[Any]] = set()

    async def answered(self) -> ExecutionResult:
        """The result of the operation, once nothing of it runs any more."""
        try:
            selected = self.operation.selection_set.selections
            alone = len(selected) == 1 and isinstance(selected[0], FieldNode)
            result: Any = self.execute_operation(serially=not alone)
            if isawaitable(result):
                result = await result
        except BaseException:  # the deadline
            for task in self._running:
                task.cancel()
            raise
        finally:
            while left := self._running | self.background_futures:
                await asyncio.wait(left)
        assert isinstance(result, ExecutionResult)  # noqa: S101
        return result

    def _undisturbed(self, awaitable: Any) -> asyncio.Future[Any]:
        """Begun at once: a coroutine that is cancelled before it has begun is never awaited."""
        task = asyncio.ensure_future(awaitable)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return asyncio.shield(task)

    def complete_object_value(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        kind = type(result)
        if kind is Read:
            reading = self._read(return_type, field_details_list, info, path, result)
            return reading if path.prev is None else self._undisturbed(reading)
        if kind is Part:
            return self._finish(return_type, field_details_list, path, result)
        return super().complete_object_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        if type(result) is Read:
            reading = self._read(return_type, field_details_list, info, path, result)
            return reading if path.prev is None else self._undisturbed(reading)
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, position_context
        )

    async def _read(
        self,
        return_type: GraphQLOutputType,
        details: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        read: Read,
    ) -> Any:
        plans: Plans = self.schema._strawberry_schema.plans  # type: ignore[attr-defined]
        classes = self.context_value.rights.classes
        outline = plans.outline(self, return_type, details, read, classes)
        key = (await tenant_keys()).digesting if outline.has_pages else b""
        asked = ask(outline, read, self.variable_values, key)
        write = partial(plans.statement, outline, read, asked, classes)
        if outline.places:
            of_plugin = plans.registry.plugin_of(read.of.__module__)
            statement, text = await read_contained(outline, asked, write, of_plugin)
        else:
            statement = write()
            text = await read_value(statement.text, *asked.parameters(statement))
        if text is None:
            if read.unknown is not None:
                raise read.unknown()
            return self._nothing(info)
        if statement.has_cursors:
            text = sign_cursors(text, key)
        if not statement.opens:
            return orjson.Fragment(text)
        parts = _parts(orjson.loads(text), statement.opens, outline, asked)
        done = self.complete_value(return_type, details, info, path, parts, None)
        return await done if isawaitable(done) else done

    def _nothing(self, info: GraphQLResolveInfo[Any]) -> None:
        if is_non_null_type(info.return_type):
            # The executor has looked for null before the statement was asked.
            raise TypeError(
                f"Cannot return null for non-nullable field {info.parent_type}.{info.field_name}."
            )

    def _finish(
        self,
        return_type: GraphQLObjectType,
        details: FieldDetailsList,
        path: Path,
        part: Part,
    ) -> Any:
        grouped = self.collect_subfields(return_type, details).grouped_field_set
        opened = {key: grouped[key] for key in grouped if key in part.opens}
        done = self.execute_fields(return_type, part, path, opened, None)
        if isawaitable(done):
            return self._finish_later(part, done)
        return _closed(part, done)

    async def _finish_later(self, part: Part, done: Awaitable[dict[str, Any]]) -> dict[str, Any]:
        return _closed(part, await done)

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        if type(source) is not Part:
            return super().execute_field(
                parent_type, source, field_details_list, path, position_context
            )
        opened = source.opens[path.key]  # type: ignore[index]
        if opened is PYTHON:
            parent = SimpleNamespace(**source.data[NEEDS])
            found = super().execute_field(
                parent_type, parent, field_details_list, path, position_context
            )
            return self._undisturbed(found) if isawaitable(found) else found
        shown = parent_type.fields[field_details_list[0].node.name.value]
        info = self.build_resolve_info(
            shown, [each.node for each in field_details_list], parent_type, path
        )
        try:
            if type(opened) is Failed:
                raise PluginFailed(key=str(opened))
            if opened is REFUSED:
                raise self._refusal(source, field_details_list)
            below = source.below(str(path.key))
            done = self.complete_value(shown.type, field_details_list, info, path, below, None)
            if isawaitable(done):
                return self._settled(done, shown.type, field_details_list, path)
        except Exception as fault:  # noqa: BLE001 (as graphql-core itself does)
            self.handle_field_error(fault, shown.type, field_details_list, path)
            return None
        return done

    def handle_field_error(
        self,
        raw_error: Exception,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        path: Path,
    ) -> None:
        at = path
        while at.typename is None and at.prev is not None:  # an item of a list
            at = at.prev
        kind, name = self.schema.type_map.get(at.typename or ""), field_details_list[0].node.name
        if isinstance(kind, GraphQLObjectType) and name.value in kind.fields:
            shown = kind.fields[name.value]
            raw_error = completed_amiss(shown, f"{kind.name}.{name.value}", raw_error)
        super().handle_field_error(raw_error, return_type, field_details_list, path)

    def _refusal(self, part: Part, details: FieldDetailsList) -> Exception:
        """Why the arguments of this field were refused."""
        node = details[0].node
        return next(
            refused
            for site, refused in part.asked.refusals.items()
            if part.outline.sites[site - OF_THE_READ - 1].details.node is node
        )

    async def _settled(
        self,
        done: Awaitable[Any],
        return_type: GraphQLOutputType,
        details: FieldDetailsList,
        path: Path,
    ) -> Any:
        try:
            return await done
        except Exception as fault:  # noqa: BLE001 (as graphql-core itself does)
            self.handle_field_error(fault, return_type, details, path)
            return None


def _closed(part: Part, done: dict[str, Any]) -> dict[str, Any]:
    data = part.data
    data.pop(NEEDS, None)
    data.update(done)
    return data

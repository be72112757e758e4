"""A GraphQL selection becomes picks, picks become a plan: one statement, and what fills it.

Plans are kept by document, rights and shape of the variables, so that what may change the text is
in the key and what can't is a parameter. They belong to one composed schema.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import GraphQLError, GraphQLObjectType, GraphQLOutputType, get_named_type
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList
from graphql.execution.values import VariableValues
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from shuke_core.access.rights import FieldClass
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.projection.declare import Kind
from shuke_core.projection.reads import OF_THE_READ, TYPENAME, WITHOUT, Pick, Read
from shuke_core.projection.registry import Registry
from shuke_core.projection.sql import Statement, Writer
from shuke_schema.projection.arguments import SIZE, Site, for_sql, says_size, shape_of, site_of

MOST_CHARACTERS = 1_000_000  # of documents with plans, which keep their documents alive
NOTHING: Mapping[str, Any] = {}
Refusals = dict[int, ShukeError | GraphQLError]


@dataclass(slots=True)
class Outline:
    """What a read selects, without values: its picks, and the sites of their arguments.

    `statement` is that of a request with nothing to refuse. `nodes` keeps the document's nodes
    alive, since the key has their identities. `places` names the fields that plugins answer by SQL,
    by the plugin; most documents have none. `has_own_size`: the size of the read's own page is in
    the key as well.
    """

    pick: Pick
    sites: list[Site]
    has_pages: bool
    nodes: list[Any]
    places: Mapping[str, str]
    has_own_size: bool
    statement: Statement | None = None

    @property
    def fixed(self) -> frozenset[int]:
        """The sites whose page sizes are the document's own, the same in each request."""
        return frozenset(
            [
                *[OF_THE_READ][: self.has_own_size],
                *(
                    number
                    for number, site in enumerate(self.sites, OF_THE_READ + 1)
                    if site.fixed is not None
                ),
            ]
        )

    @property
    def weight(self) -> int:
        """How long the document is that the nodes belong to."""
        location = self.nodes[0].loc
        return len(location.source.body) if location else 1


@dataclass(slots=True)
class Asked:
    """One request of a plan: the values by site, and why some sites have none."""

    values: list[Mapping[str, Any]]
    refusals: Refusals = field(default_factory=dict)

    def parameters(self, statement: Statement) -> list[Any]:
        """What fills $2 and on."""
        return [self.values[site][name] for site, name in statement.slots]


class Plans:
    """The plans of one composed schema; those asked for longest ago are forgotten."""

    def __init__(self, registry: Registry, most: int = MOST_CHARACTERS) -> None:
        self.registry = registry
        self._most, self._kept = most, 0
        self._outlines: OrderedDict[Any, Outline] = OrderedDict()
        self.compiled = 0

    def outline(
        self,
        executor: StrawberryGraphQLCoreExecutionContext,
        return_type: GraphQLOutputType,
        details: FieldDetailsList,
        read: Read,
        classes: frozenset[FieldClass],
    ) -> Outline:
        """The outline of a read's selection, known or made now."""
        own_size = says_size(details)
        key = (
            tuple(id(each.node) for each in details),
            classes,
            tuple(
                (name, shape_of(each)) for name, each in executor.variable_values.coerced.items()
            ),
            read.question,
            tuple(
                (name, each if own_size and name == SIZE else shape_of(each))
                for name, each in read.given.items()
            ),
        )
        known = self._outlines.get(key)
        if known is None:
            known = self._outlines[key] = _Walk(executor).outline(return_type, details, read, self)
            known.has_own_size = own_size
            self._kept += known.weight
            while self._kept > self._most and len(self._outlines) > 1:
                self._kept -= self._outlines.popitem(last=False)[1].weight
        else:
            self._outlines.move_to_end(key)
        return known

    def statement(
        self,
        outline: Outline,
        read: Read,
        asked: Asked,
        classes: frozenset[FieldClass],
        failed: frozenset[str] = frozenset(),
    ) -> Statement:
        """The statement of an outline. One with refused fields, or without those of plugins that
        failed, is written anew: it is rare, and there are as many as ways to be wrong."""
        if not asked.refusals and not failed and outline.statement is not None:
            return outline.statement
        self.compiled += 1
        refused = frozenset(asked.refusals)
        writer = Writer(self.registry, classes, asked.values, refused, failed, outline.fixed)
        made = writer.statement(read, outline.pick)
        if not asked.refusals and not failed:
            outline.statement = made
        return made


def ask(outline: Outline, read: Read, variables: VariableValues, key: bytes) -> Asked:
    """The values of a request; raises what makes those of the read itself unfit."""
    values: list[Mapping[str, Any]] = [
        {"now": clock.now()},
        for_sql(read.given, read.how, key),
    ]
    asked = Asked(values)
    for number, site in enumerate(outline.sites, OF_THE_READ + 1):
        try:
            values.append(site.values(variables, key))
        except (ShukeError, GraphQLError) as refused:
            values.append(NOTHING)
            asked.refusals[number] = refused
    return asked


def settled(site: Site, variables: VariableValues) -> Site:
    """The site, with its values read once for all where the document alone says them."""
    if not site.is_fixed():
        return site
    try:
        return replace(site, fixed=site.values(variables, b""))
    except (ShukeError, GraphQLError):
        return site  # raised anew by each request


class _Walk:
    """Follows a selection down; graphql-core itself merges fields, fragments and directives."""

    def __init__(self, executor: StrawberryGraphQLCoreExecutionContext) -> None:
        self._executor = executor
        self._convert = executor.schema._strawberry_schema.config.name_converter  # type: ignore[attr-defined]
        self._sites: list[Site] = []
        self._has_pages = False
        self._places: dict[str, list[str]] = {}

    def outline(
        self,
        return_type: GraphQLOutputType,
        details: FieldDetailsList,
        read: Read,
        plans: Plans,
    ) -> Outline:
        kind = get_named_type(return_type)
        assert isinstance(kind, GraphQLObjectType)  # noqa: S101
        self._has_pages = read.how.kind is Kind.PAGE
        self._fields, self._plugin_of = plans.registry.fields, plans.registry.plugin_of
        if owner := self._plugin_of(read.of.__module__):
            self._places[owner] = [kind.name]
        pick = Pick("", "", on=kind.name, site=OF_THE_READ, picks=self._picks(kind, details))
        places = {key: ", ".join(sorted({*each})) for key, each in self._places.items()}
        nodes = [each.node for each in details]
        return Outline(pick, self._sites, self._has_pages, nodes, places, has_own_size=False)

    def _picks(self, kind: GraphQLObjectType, details: FieldDetailsList) -> list[Pick]:
        grouped = self._executor.collect_subfields(kind, details).grouped_field_set
        return [self._pick(kind, key, each) for key, each in grouped.items()]

    def _pick(self, kind: GraphQLObjectType, key: str, details: FieldDetailsList) -> Pick:
        first: FieldDetails = details[0]
        if first.node.name.value == TYPENAME:
            return Pick(key, TYPENAME, on=kind.name)
        shown = kind.fields[first.node.name.value]
        pick = Pick(key, shown.extensions["strawberry-definition"].python_name, site=WITHOUT)
        how = self._fields.get(kind.name, {}).get(pick.name)
        if how is not None and how.kind is Kind.PYTHON:
            return pick  # its arguments and its selection are the resolver's
        if how is not None and (owner := self._plugin_of(how.owner)):
            pick.plugin = owner
            self._places.setdefault(owner, []).append(f"{kind.name}.{pick.name}")
        if how is not None and how.kind is Kind.PAGE:
            self._has_pages = True
        if shown.args and how is not None:
            site = site_of(shown, first, how, self._convert)
            self._sites.append(settled(site, self._executor.variable_values))
            pick.site = len(self._sites) + OF_THE_READ
        target = get_named_type(shown.type)
        if isinstance(target, GraphQLObjectType):
            pick.on, pick.picks = target.name, self._picks(target, details)
        return pick

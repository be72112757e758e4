"""Puts the schema of an audience together: the core's part, and those of the plugins that are on."""

from collections.abc import Sequence
from functools import partial

from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from shuke_core.access.permissions import CORE
from shuke_core.app import PROJECTIONS
from shuke_core.plugin_host import discover
from shuke_core.projection.registry import Registry
from shuke_schema import roots
from shuke_schema.http.door import graphql_schema
from shuke_schema.http.execution import Checked
from shuke_schema.parts import (
    Audience,
    NameClash,
    Part,
    joined_fields,
    packages_of,
    refuse_non_null,
    refuse_subscriptions,
    unknown_types,
)
from shuke_schema.projection.agree import declare_resolved, refuse_disagreement
from shuke_schema.projection.executor import ProjectionExecutor
from shuke_schema.projection.plan import Plans
from shuke_schema.rights import ServedSchema, Undeclared, demands_of
from shuke_schema.scalars import SCALARS
from shuke_schema.shelf import Shelf


class ComposedSchema(ServedSchema):
    """A schema whose types also have the fields that parts add to them, and the plans of its reads.

    Raises NameClash when two owners bring one name, Undeclared when a field does not say who may
    have it, ProjectionsDisagree when it does not come from where its projection says, PartRefused
    when a plugin's field could harm more than itself.
    """

    def __init__(self, audience: Audience, parts: Sequence[Part]) -> None:
        refuse_subscriptions(parts)
        core = roots.CORE_PARTS[audience]
        self._parts = (core, *parts)
        roots_there = {name for part in self._parts for name in part.adds}
        try:
            super().__init__(
                query=roots.Query,
                mutation=roots.Mutation if "Mutation" in roots_there else None,
                subscription=roots.Subscription if "Subscription" in roots_there else None,
                config=StrawberryConfig(scalar_map=SCALARS),
                extensions=[Checked],
                execution_context_class=ProjectionExecutor,
            )
        except TypeError as wrapped:  # graphql-core wraps whatever fields can't be resolved for
            if isinstance(wrapped.__cause__, NameClash):
                raise wrapped.__cause__ from None
            raise
        composed = graphql_schema(self)
        for owner, type_name in unknown_types(parts, frozenset(composed.type_map)):
            raise NameClash(f"{owner!r} adds to {type_name!r}, which nobody has")
        try:
            self.demands = demands_of(composed, audience)
        except Undeclared as undeclared:
            owners = ", ".join(part.owner for part in parts) or CORE
            raise Undeclared(f"{undeclared} (composed of: {owners})") from None
        refuse_non_null(composed)
        declared = [*PROJECTIONS, *(each for part in parts for each in part.projections)]
        self.registry = Registry(declared, packages_of(parts))
        self.plans = Plans(self.registry)
        declare_resolved(composed, self.registry)
        refuse_disagreement(composed, self.registry, self.demands)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """Strawberry's door for the fields of a type; here the parts come in."""
        own = super().get_fields(type_definition)
        return joined_fields(type_definition, own, self._parts)


def compose(audience: Audience, parts: Sequence[Part]) -> ComposedSchema:
    """The API of an audience with these parts of plugins; raises NameClash and Undeclared."""
    return ComposedSchema(audience, parts)


def shelf_of(audience: Audience) -> Shelf:
    """The schemas of an audience in this process; raises when the plugins don't go together."""
    return Shelf(audience, partial(compose, audience))


def published() -> dict[str, str]:
    """The SDL of every audience, by file name: core alone, with each plugin, and with all."""
    discover()
    files: dict[str, str] = {}
    for audience in Audience:
        name, parts = audience.value, shelf_of(audience).parts
        sets = {name: [], **{f"{name}+{part.owner}": [part] for part in parts}}
        if len(parts) > 1:
            sets[f"{name}+all"] = list(parts)
        for each, chosen in sets.items():
            files[f"{each}.graphql"] = compose(audience, chosen).as_str() + "\n"
    return files

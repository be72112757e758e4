"""All projections of one composition: the core's and those of the plugins that are on."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from shuke_core.projection.declare import Field, Projection, fields_of


class ProjectionClash(Exception):
    """Two declarations bring the same thing; the text names both. The start stops."""


class Registry:
    """Tables and fields by the name of the projection. What fields lead to comes along by itself.

    `packages` are the plugins' keys by the package that they are written in.
    """

    def __init__(
        self,
        declared: Sequence[type[Projection]],
        packages: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._packages = packages
        self.tables: dict[str, str] = {}
        self.fields: dict[str, dict[str, Field]] = {}
        self._declared: dict[str, type[Projection]] = {}
        joining = [each for each in declared if each.__joins__ is not None]
        for projection in declared:
            self._enter(projection.__joins__ or projection)
        for projection in joining:
            self._join(projection)

    def plugin_of(self, module: str) -> str:
        """The plugin whose package the module is of; empty for the core's."""
        return self._packages.get(module.partition(".")[0], "")

    def _enter(self, projection: type[Projection]) -> None:
        name = projection.__name__
        known = self._declared.setdefault(name, projection)
        if known is not projection:
            raise ProjectionClash(
                f"{name} is declared by {known.__module__} and by {projection.__module__}"
            )
        if name not in self.fields:
            self.tables[name] = projection.__table__
            self.fields[name] = {}
            self._add(name, fields_of(projection))

    def _join(self, projection: type[Projection]) -> None:
        assert projection.__joins__ is not None  # noqa: S101
        self._add(projection.__joins__.__name__, fields_of(projection))

    def _add(self, name: str, fields: dict[str, Field]) -> None:
        target = self.fields[name]
        for key, field in fields.items():
            if key in target:
                raise ProjectionClash(
                    f"{name}.{key} is declared by {target[key].owner} and by {field.owner}"
                )
            target[key] = field
            if isinstance(field.type, type) and issubclass(field.type, Projection):
                self._enter(field.type)

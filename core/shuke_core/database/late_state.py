"""What the models are like between two steps of migrations, made when a step asks for it.

Tortoise makes every model anew before each step, for the few steps that look back, and readies all of
them for queries after each: that was nine tenths of the time of a fresh database. Here a copy is only
noted, its models are made if a step asks for them, and of all models those are readied that changed.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace

from tortoise.connection import ConnectionHandler
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model


class LateApps(StateApps):
    """Readies each model once, and again only where fields have joined it."""

    def __init__(
        self,
        default_connections: dict[str, str] | None = None,
        connections: ConnectionHandler | None = None,
    ) -> None:
        super().__init__(default_connections, connections)
        self._ready: dict[type[Model], int] = {}

    def _build_initial_querysets(self) -> None:
        everything, self.apps = self.apps, self._changed()
        try:
            super()._build_initial_querysets()
        finally:
            self.apps = everything
        self._ready = {
            model: len(model._meta.fields_map)
            for app in everything.values()
            for model in app.values()
            if model._meta._inited
        }

    def _changed(self) -> dict[str, dict[str, type[Model]]]:
        return {
            label: {
                name: model
                for name, model in app.items()
                if self._ready.get(model) != len(model._meta.fields_map)
            }
            for label, app in self.apps.items()
        }


class LateState(State):
    """A state whose copies are made late. It is itself changed by steps, as Tortoise's is."""

    def clone(self) -> State:
        """The state as it is now; costs nothing until its models are asked for."""
        return _Before(self.models, self.apps)


class _Before(State):
    """A state as it was before a step."""

    def __init__(self, models: Mapping[tuple[str, str], ModelState], apps: StateApps) -> None:
        # Steps change these dicts and put others in place of fields; fields themselves they leave.
        self.models = {
            key: replace(model, fields=dict(model.fields), options=dict(model.options))
            for key, model in models.items()
        }
        self._like = apps
        self._made: StateApps | None = None

    @property
    def apps(self) -> StateApps:  # type: ignore[override]
        if self._made is None:
            for model in self.models.values():  # which are this state's own; a step may hold one
                model.fields = {name: copy(field) for name, field in model.fields.items()}
            self._made = self._like.clone(model_states=self.models)
        return self._made

    def clone(self) -> State:
        return _Before(self.models, self._like)

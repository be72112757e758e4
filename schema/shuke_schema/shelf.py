"""Composed schemas, kept by the set of plugins they are made of.

A schema takes a while to compose, so it is done once a set, in a thread, and nobody waits for
another tenant's. What a tenant has switched off does not exist in its schema.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib import import_module
from time import monotonic
from uuid import UUID

from shuke_core.kit.transactions import unit_of_work
from shuke_core.plugin_host import installed_plugins
from shuke_core.plugins.queries import enabled_plugins
from shuke_core.tenants.queries import TenantCard
from shuke_schema.parts import Audience, Part
from shuke_schema.rights import ServedSchema

MOST_SCHEMAS = 64
_SWITCH_SECONDS = 1.0
_MOST_TENANTS = 10_000

Compose = Callable[[Sequence[Part]], ServedSchema]


def parts_of(path: str) -> tuple[Part, ...]:
    """The parts that a plugin's dotted path `module:name` names: one, or a tuple of them."""
    module, _, name = path.partition(":")
    named = getattr(import_module(module), name)
    parts = named if isinstance(named, tuple) else (named,)
    if not parts or not all(isinstance(part, Part) for part in parts):
        raise TypeError(f"{path} names no Part")
    return parts


class Shelf:
    """The schemas of one audience. Making one composes core with all plugins, to see a clash."""

    def __init__(self, audience: Audience, compose: Compose) -> None:
        self._parts = {
            part.owner: part
            for plugin in installed_plugins()
            if plugin.graphql
            for part in parts_of(plugin.graphql)
            if part.audience is audience
        }
        self._compose = compose
        self._composed: OrderedDict[frozenset[str], asyncio.Task[ServedSchema]] = OrderedDict()
        self._on: dict[UUID, tuple[float, frozenset[str]]] = {}
        compose(self.parts)

    @property
    def parts(self) -> list[Part]:
        """What plugins bring to this audience, in the order of their keys."""
        return [self._parts[key] for key in sorted(self._parts)]

    async def of_tenant(self, tenant: TenantCard) -> ServedSchema:
        """The schema of what the tenant has switched on; a switch shows within a second."""
        return await self.of_plugins(await self._switched_on(tenant.id))

    async def of_plugins(self, keys: frozenset[str]) -> ServedSchema:
        """The schema of core and these plugins, as far as they have a part in this audience."""
        wanted = frozenset(keys & self._parts.keys())
        task = self._composed.get(wanted)
        if task is None:
            parts = [self._parts[key] for key in sorted(wanted)]
            task = asyncio.create_task(asyncio.to_thread(self._compose, parts))
            self._composed[wanted] = task
            if len(self._composed) > MOST_SCHEMAS:
                self._composed.popitem(last=False)
        self._composed.move_to_end(wanted)
        try:
            return await asyncio.shield(task)
        except Exception:
            self._composed.pop(wanted, None)
            raise

    async def _switched_on(self, tenant_id: UUID) -> frozenset[str]:
        until, keys = self._on.get(tenant_id, (0.0, frozenset()))
        if until < monotonic():
            async with unit_of_work(tenant_id):
                keys = await enabled_plugins()
            if len(self._on) >= _MOST_TENANTS:
                self._on.clear()
            self._on[tenant_id] = (monotonic() + _SWITCH_SECONDS, keys)
        return keys

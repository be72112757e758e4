"""Fields of plugins: contained, so that they can harm nobody but themselves.

One that raises, or answers what its type can't take, is null with an error beside it, counted and
shown to the tenant's administrator; the rest of the document is answered. One that waits (it may ask
the database) has a deadline and a savepoint of its own; once one of a plugin was late, no other of
this plugin is asked in the same document. Expected failures of the plugin's own pass as they are.
"""

import asyncio
from copy import copy
from types import MappingProxyType
from typing import Any

from graphql import GraphQLError, GraphQLField
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import savepoint
from shuke_core.plugins.errors import PluginFailed
from shuke_core.plugins.faults import contain, faults_here, too_late

FIELD_SECONDS = 0.5
OWNER, JOINS = "shuke.owner", "shuke.joins"  # metadata of a plugin's field; JOINS: others' type


class NotAsked(Exception):
    """A field of a plugin that was late already in this document."""


class Contained(FieldExtension):
    """Runs the resolver of a plugin's field, whatever it does."""

    def __init__(self, owner: str) -> None:
        self._owner = owner

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: Info, **kwargs: Any) -> Any:
        """A resolver that never waits, so it can't have touched the database."""
        try:
            return next_(source, info, **kwargs)
        except ShukeError:
            raise
        except Exception as raised:  # noqa: BLE001 (whatever a plugin raises is contained)
            contain(self._owner, _place(info), raised)
            raise PluginFailed(key=self._owner) from None

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: Info, **kwargs: Any
    ) -> Any:
        """A resolver that may wait and may ask the database."""
        try:
            self._refuse_late()
            # The clock starts with its turn: it does not pay for another field that hangs.
            async with savepoint():
                self._refuse_late()
                async with asyncio.timeout(FIELD_SECONDS):
                    return await next_(source, info, **kwargs)
        except ShukeError:
            raise
        except PASSING:
            raise
        except TimeoutError:
            fault: Exception = too_late(self._owner, FIELD_SECONDS)
        except Exception as raised:  # noqa: BLE001 (whatever a plugin raises is contained)
            fault = raised
        contain(self._owner, _place(info), fault)
        raise PluginFailed(key=self._owner)

    def _refuse_late(self) -> None:
        if self._owner in faults_here().late:
            raise NotAsked("not asked: another field of this plugin was too late before it")


def _place(info: Info) -> str:
    return f"{info.path.typename}.{info.field_name}"


def contained(field: StrawberryField, owner: str, *, joins: bool) -> StrawberryField:
    """The plugin's field, its resolver contained; `joins` when the type is not the plugin's own."""
    guarded = copy(field)
    guarded.metadata = MappingProxyType({**field.metadata, OWNER: owner, JOINS: joins})
    if field.base_resolver is not None:
        guarded.extensions = [Contained(owner), *field.extensions]
    return guarded


def completed_amiss(shown: GraphQLField, place: str, fault: Exception) -> Exception:
    """The error of a field that could not be completed: a plugin's wrong answer is its failure.

    What is located already comes from below, or is about arguments; it has been judged.
    """
    said = shown.extensions.get("strawberry-definition")
    owner = said.metadata.get(OWNER) if said is not None else None
    if owner is None or isinstance(fault, (ShukeError, *PASSING)):
        return fault
    if isinstance(fault, GraphQLError) and (fault.path or fault.nodes):
        return fault
    contain(owner, place, fault)
    return PluginFailed(key=owner)

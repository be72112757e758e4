"""The façade of the API for plugins: what is not imported from here is private."""

from shuke_schema.context import ShukeInfo, opaque
from shuke_schema.members.parent import MemberParent
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.parts import Audience, Part
from shuke_schema.projection.fields import answered_by, projected
from shuke_schema.rights import asks, needs, shown_as, shows
from shuke_schema.scalars import Long

__all__ = [
    "Audience",
    "Connection",
    "Long",
    "MemberParent",
    "Part",
    "ShukeInfo",
    "answered_by",
    "asks",
    "connection_of",
    "needs",
    "opaque",
    "projected",
    "shown_as",
    "shows",
]

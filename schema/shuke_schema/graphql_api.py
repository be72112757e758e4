"""The façade of the API for plugins: what is not imported from here is private."""

from shuke_schema.context import ShukeInfo, opaque
from shuke_schema.members.parent import MemberParent
from shuke_schema.pagination import Connection, connection_of
from shuke_schema.parts import Audience, Part
from shuke_schema.scalars import Long

__all__ = [
    "Audience",
    "Connection",
    "Long",
    "MemberParent",
    "Part",
    "ShukeInfo",
    "connection_of",
    "opaque",
]

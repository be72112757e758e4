"""Puts the schema of an audience together from the root fields of the domains."""

from collections.abc import Sequence

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from shuke_core.members.services import member_of_token
from shuke_core.plugin_host import discover
from shuke_core.settings import Settings
from shuke_core.tenants.queries import TenantCard
from shuke_schema.context import Context
from shuke_schema.http.door import Door, graphql_schema
from shuke_schema.http.execution import Checked
from shuke_schema.http.limits import MEMBER
from shuke_schema.members.queries import MemberQuery
from shuke_schema.parts import Audience, NameClash, Part, joined_fields, unknown_types
from shuke_schema.scalars import SCALARS
from shuke_schema.shelf import Shelf

MEMBER_EXAMPLES = """\
# Put a member's token under Headers: {"Authorization": "Bearer ..."}

query Card {
  me {
    cardNo
    maskedPhone
    points {
      balance
      expiringSoon(days: 60) { points expiresAt }
      entries(first: 5) { edges { node { kind points at } } }
    }
    orders(first: 5) {
      edges { node { no store { name } paidAt total { fen currency } } }
    }
  }
}

query Orders($first: Int! = 20, $after: String) {
  me {
    orders(first: $first, after: $after) {
      edges { node { no state paidAt total { fen } refunded { fen } } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""


class ComposedSchema(strawberry.Schema):
    """A schema whose types also have the fields that parts add to them."""

    def __init__(self, query: type, parts: Sequence[Part]) -> None:
        self._parts = parts
        try:
            super().__init__(
                query=query,
                config=StrawberryConfig(scalar_map=SCALARS),
                extensions=[Checked],
            )
        except TypeError as wrapped:  # graphql-core wraps whatever fields can't be resolved for
            if isinstance(wrapped.__cause__, NameClash):
                raise wrapped.__cause__ from None
            raise
        known = frozenset(graphql_schema(self).type_map)
        for owner, type_name in unknown_types(parts, known):
            raise NameClash(f"{owner!r} adds to {type_name!r}, which nobody has")

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """Strawberry's door for the fields of a type; here the parts come in."""
        own = super().get_fields(type_definition)
        return joined_fields(type_definition.name, own, self._parts)


def compose_member(parts: Sequence[Part]) -> strawberry.Schema:
    """The member API, what a mini-program asks, with these parts; raises NameClash."""
    return ComposedSchema(MemberQuery, parts)


def member_shelf() -> Shelf:
    """The member schemas of this process; raises NameClash when the plugins don't go together."""
    return Shelf(Audience.MEMBER, compose_member)


async def _member(tenant: TenantCard, token: str | None) -> Context:
    return Context(tenant, await member_of_token(token) if token else None)


def member_door(settings: Settings) -> Door:
    """The endpoint of members. In a demo and in tests it takes GET and shows GraphiQL."""
    return Door(
        name="member",
        schema_of=member_shelf().of_tenant,
        identify=_member,
        limits=MEMBER,
        examples=MEMBER_EXAMPLES,
        open_to_get=settings.env in ("demo", "test"),
    )


def published() -> dict[str, str]:
    """The SDL of every audience, by file name: core alone, with each plugin, and with all."""
    discover()
    parts = member_shelf().parts
    sets = {"member": [], **{f"member+{part.owner}": [part] for part in parts}}
    if len(parts) > 1:
        sets["member+all"] = list(parts)
    return {f"{name}.graphql": compose_member(each).as_str() + "\n" for name, each in sets.items()}

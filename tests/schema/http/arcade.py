"""A small schema with what the product does not have yet: nested lists, guarded fields, writes."""

import asyncio
from collections.abc import Callable
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route

from shuke_core.kit.transactions import fetch
from shuke_core.tenants.queries import TenantCard
from shuke_schema.context import Context
from shuke_schema.http.door import Door
from shuke_schema.http.execution import Checked
from shuke_schema.http.faults import answer_fault
from shuke_schema.http.graphql import graphql_endpoint
from shuke_schema.http.guarded import guarded
from shuke_schema.http.limits import MEMBER, Limits
from shuke_schema.http.rates import Rates
from shuke_schema.rights import Demands, ServedSchema


@strawberry.input
class Wish:
    coins: int
    also: "list[Wish] | None" = None


@strawberry.type
class Game:
    name: str

    @strawberry.field
    def games(self, first: int = 20) -> "list[Game]":
        return [Game(name=f"{self.name}.{n}") for n in range(first)]

    @strawberry.field
    def next(self) -> "Game":
        return Game(name=self.name + "'")


@strawberry.type
class GamePage:
    edges: list[Game]


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, to: str = "you") -> str:
        return f"hello {to}"

    @strawberry.field
    def game(self) -> Game:
        return Game(name="go")

    @strawberry.field
    def games(self, first: int = 20) -> list[Game]:
        return [Game(name=f"g.{n}") for n in range(first)]

    @strawberry.field
    def pages(self, first: int = 20) -> GamePage:
        return GamePage(edges=[Game(name="p")] * first)

    @strawberry.field
    def all_games(self) -> list[Game]:
        return []

    @strawberry.field
    def wish(self, wishes: list[Wish]) -> int:
        return len(wishes)

    @strawberry.field(metadata=guarded(tries=2, seconds=3600))
    def log_in(self, code: str) -> bool:
        return code == "open"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add_store(self, code: str, seconds: float = 0) -> str:
        await fetch("UPDATE store SET name = $2 WHERE tenant_id = $1", code)
        await asyncio.sleep(seconds)
        return code


class ArcadeSchema(ServedSchema):
    """Nothing in it demands anything."""

    demands: Demands = {}  # noqa: RUF012


schema = ArcadeSchema(query=Query, mutation=Mutation, extensions=[Checked])


async def _visitor(tenant: TenantCard, token: str | None) -> Context:
    return Context(tenant)


def arcade(
    rates: Rates | None = None,
    limits: Limits = MEMBER,
    *,
    open_to_get: bool = False,
    may_introspect: Callable[[Context], bool] = lambda _: False,
    served: ServedSchema = schema,
) -> Starlette:
    """The app of this schema, closed as in production unless said otherwise."""

    async def serve(_: TenantCard) -> ServedSchema:
        return served

    door = Door(
        name="arcade",
        schema_of=serve,
        identify=_visitor,
        limits=limits,
        examples="{ hello }",
        open_to_get=open_to_get,
        may_introspect=may_introspect,
    )
    endpoint: Any = graphql_endpoint(door, rates or Rates(None))
    return Starlette(
        routes=[Route("/t/{tenant}/graphql", endpoint, methods=["GET", "POST"])],
        exception_handlers={Exception: answer_fault},
    )

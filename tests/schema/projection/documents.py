"""Draws documents over a schema: aliases, merged keys, fragments, directives, every kind of argument.

Each document comes with several sets of variables, so that a plan that is kept gets used again
where it fits, and where it must not.
"""

import json
import random
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_leaf_type,
    is_non_null_type,
)


@dataclass(slots=True)
class Variable:
    """A variable: its type, its default as text, and whether it is always there."""

    argument: GraphQLArgument | None
    type: str
    default: str | None = None


@dataclass(slots=True)
class Drawn:
    """A document with the sets of variables to run it with."""

    text: str
    sets: list[dict[str, Any]]


@dataclass(slots=True)
class Drawing:
    """One document in the making. `cursors`, `texts` and `ids` are values that mean something."""

    schema: GraphQLSchema
    draw: random.Random
    cursors: list[str]
    texts: list[str]
    ids: list[str]
    _variables: dict[str, Variable] = field(default_factory=dict)
    _fragments: list[tuple[str, str, str]] = field(default_factory=list)
    _aliases: int = 0

    def document(self) -> Drawn:
        root = self.schema.query_type
        assert root is not None
        roots = " ".join(self._field(root, 5, heavy=100) for _ in range(self._n(1, 2)))
        declared = ", ".join(
            f"${name}: {each.type}" + (f" = {each.default}" if each.default else "")
            for name, each in self._variables.items()
        )
        fragments = "".join(f" fragment {name} on {on}{body}" for name, on, body in self._fragments)
        text = f"query{f'({declared})' if declared else ''} {{ {roots} }}{fragments}"
        return Drawn(text, [self._values() for _ in range(4)])

    def _selection(self, kind: GraphQLObjectType, depth: int) -> str:
        items = []
        for _ in range(self._n(1, 4)):
            chance = self._n(1, 100)
            if chance <= 10:
                on = f" on {kind.name}" if self._chance(60) else ""
                items.append(f"...{on}{self._directive()}{self._selection(kind, depth)}")
            elif chance <= 17:
                items.append(self._spread(kind, depth))
            else:
                items.append(self._field(kind, depth))
        return " { " + " ".join(items) + " }"

    def _spread(self, kind: GraphQLObjectType, depth: int) -> str:
        known = [name for name, on, _ in self._fragments if on == kind.name]
        if known and self._chance(50):
            return f"...{self.draw.choice(known)}{self._directive()}"
        body = self._selection(kind, min(depth, self._n(1, 3)))
        name = f"F{len(self._fragments)}"
        self._fragments.append((name, kind.name, body))
        return f"...{name}{self._directive()}"

    def _field(self, kind: GraphQLObjectType, depth: int, heavy: int = 55) -> str:
        if self._chance(7):
            return self._alias("__typename") + self._directive()
        fields = kind.fields.items()
        leaves = [name for name, each in fields if is_leaf_type(get_named_type(each.type))]
        inner = [name for name, _ in fields if name not in leaves] if depth > 0 else []
        if not leaves and not inner:
            return self._alias("__typename")
        some = inner if inner and (self._chance(heavy) or not leaves) else leaves
        # What takes arguments is where plans differ most; types with many plain fields would hide it.
        weights = [4 if kind.fields[each].args else 1 for each in some]
        (name,) = self.draw.choices(some, weights)
        found = kind.fields[name]
        arguments = self._arguments(found)
        head = self._alias(name) if arguments or self._chance(25) else name
        head += (f"({arguments})" if arguments else "") + self._directive()
        target = get_named_type(found.type)
        if isinstance(target, GraphQLObjectType):
            return head + self._selection(target, depth - 1)
        return head

    def _arguments(self, found: GraphQLField) -> str:
        made = (self._argument(name, each) for name, each in found.args.items())
        return ", ".join(each for each in made if each)

    def _argument(self, name: str, argument: GraphQLArgument) -> str:
        required = is_non_null_type(argument.type) and not _has_default(argument)
        if not required and self._chance(45):
            return ""
        if self._chance(50):
            variable = f"v{len(self._variables)}"
            plain = str(argument.type).rstrip("!")
            default = self._literal(self._value(argument)) if self._chance(40) else None
            # `Int` with a default may stand where `Int!` is wanted; null then fails at run time.
            kept = plain if default not in (None, "null") else str(argument.type)
            self._variables[variable] = Variable(argument, kept, default)
            return f"{name}: ${variable}"
        return f"{name}: {self._literal(self._value(argument), argument)}"

    def _values(self) -> dict[str, Any]:
        """Some variables left out, some null, all of the right type."""
        values: dict[str, Any] = {}
        for name, variable in self._variables.items():
            if variable.argument is None:
                values[name] = self._chance(50)
                continue
            required = variable.type.endswith("!") and variable.default is None
            if not required and self._chance(25):
                continue
            if not variable.type.endswith("!") and self._chance(15):
                values[name] = None
            else:
                values[name] = self._value(variable.argument, null=False)
        return values

    def _value(self, argument: GraphQLArgument, *, null: bool = True) -> Any:
        if null and not is_non_null_type(argument.type) and self._chance(15):
            return None
        kind = get_named_type(argument.type)
        if isinstance(kind, GraphQLEnumType):
            return self.draw.choice(list(kind.values))
        if kind.name == "Int":
            return self.draw.choice(
                [1, 1, 2, 2, 3, 4, 10, 30, *([-1, 0, 101, 800] * self._n(0, 1))]
            )
        if kind.name == "Boolean":
            return self._chance(50)
        if kind.name == "DateTime":
            return self.draw.choice(["2026-11-22T08:00:00+00:00", "2026-11-23T09:00:00+08:00"])
        if kind.name == "ID":
            return self.draw.choice([*self.ids, "made-up", ""])
        if self._chance(20):  # means "from the beginning" to a page, and something to most plans
            return ""
        return self.draw.choice([*self.cursors, *self.texts, "made-up"])

    def _literal(self, value: Any, argument: GraphQLArgument | None = None) -> str:
        if isinstance(value, str) and argument is not None:
            if isinstance(get_named_type(argument.type), GraphQLEnumType):
                return value
        elif isinstance(value, str) and value.isupper() and value.replace("_", "").isalpha():
            return value  # an enum in a default
        return json.dumps(value)

    def _directive(self) -> str:
        if not self._chance(12):
            return ""
        which = self.draw.choice(["skip", "include"])
        if self._chance(60):
            name = f"v{len(self._variables)}"
            self._variables[name] = Variable(None, "Boolean!")
            return f" @{which}(if: ${name})"
        return f" @{which}(if: {json.dumps(self._chance(50))})"

    def _alias(self, name: str) -> str:
        self._aliases += 1
        return f"a{self._aliases}: {name}"

    def _n(self, low: int, high: int) -> int:
        return self.draw.randint(low, high)

    def _chance(self, percent: int) -> bool:
        return self.draw.randint(1, 100) <= percent


def _has_default(argument: GraphQLArgument) -> bool:
    return argument.default_value is not Undefined or argument.default is not None

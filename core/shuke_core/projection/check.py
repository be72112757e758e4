"""Compares the declarations with the database: every expression, its type, its nulls, its keys.

CI asks on a migrated database, so that a renamed column or a bigint behind `Int` never gets to
production.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import asyncpg

from shuke_core.projection.declare import ARGUMENT, ID, Field, Kind, Long
from shuke_core.projection.registry import Registry

_TYPES: dict[Any, frozenset[str]] = {
    int: frozenset({"int2", "int4"}),
    Long: frozenset({"int2", "int4", "int8"}),
    str: frozenset({"text", "varchar"}),
    bool: frozenset({"bool"}),
    Decimal: frozenset({"numeric"}),
    datetime: frozenset({"timestamptz"}),
    date: frozenset({"date"}),
    ID: frozenset({"uuid"}),
}
_REQUEST = {"tenant": "null::uuid", "now": "now()"}
_EQUAL = re.compile(r"\bthis\.(\w+) = ")


async def differences(connection: asyncpg.Connection, registry: Registry) -> list[str]:
    """What the declarations say and the database does not; empty when they agree."""
    found: list[str] = []
    not_null, keys = await _not_null(connection), await _unique_keys(connection)
    for name, fields in registry.fields.items():
        table = registry.tables[name]
        for key, field in fields.items():
            where = f"{name}.{key}"
            for text in _expressions(registry, table, field):
                found += [f"{where}: {told}" for told in await _of_text(connection, text, field)]
            promised = field.column and table and not field.nullable
            if promised and (table, field.column) not in not_null:
                found.append(f"{where}: declared non-null, {field.column} may be null")
            if field.kind in (Kind.ONE, Kind.INLINE) and field.where:
                target = registry.tables[field.type.__name__]
                named = {"tenant_id", *_EQUAL.findall(" and ".join(field.where))}
                if not any(named >= key for key in keys.get(target, ())):
                    found.append(f"{where}: its condition names no unique key of {target}")
    return found


def _expressions(registry: Registry, table: str, field: Field) -> Iterator[str]:
    """SELECTs that give the field's expressions, its conditions, and its order."""
    if field.kind is Kind.VALUE and table:
        for expression in filter(None, (field.sql, field.mask)):
            yield f"select {_plain(expression)} from {table} this"
    elif field.kind is Kind.INLINE and table:
        for key, expression in field.instead.items():
            if key not in registry.fields[field.type.__name__]:
                yield f"select 'has no field {key}'::int"
            yield f"select {_plain(expression)} from {table} this"
    elif field.kind is Kind.PYTHON and field.needs:
        yield f"select {', '.join(field.needs)} from {table}"
    if field.where or field.order or field.newest:
        target = registry.tables[field.type.__name__]
        order = field.order or (f"this.{field.newest}, this.id" if field.newest else "1")
        conditions = " and ".join(f"({_plain(each)})" for each in field.where) or "true"
        yield (
            f"select 1 from {target} this, {table or target} parent where {conditions} "
            f"order by {order}"
        )


def _plain(snippet: str) -> str:
    return ARGUMENT.sub(lambda mark: _REQUEST.get(mark[1], "null"), snippet)


async def _of_text(connection: asyncpg.Connection, text: str, field: Field) -> list[str]:
    try:
        made = (await connection.prepare(text)).get_attributes()[0].type.name
    except asyncpg.PostgresError as fault:
        return [str(fault.args[0])]
    if field.kind is not Kind.VALUE:
        return []
    wanted = _TYPES.get(str if _is_enum(field.type) else field.type)
    if wanted is None:
        return [f"{field.type!r} is no type that a field can have"]
    if made not in wanted:
        return [f"declared {field.type.__name__}, the database gives {made}"]
    return []


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


async def _not_null(connection: asyncpg.Connection) -> set[tuple[str, str]]:
    rows = await connection.fetch(
        "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "WHERE a.attnotnull AND c.relkind IN ('r', 'p')"
    )
    return {(row["relname"], row["attname"]) for row in rows}


async def _unique_keys(connection: asyncpg.Connection) -> dict[str, list[set[str]]]:
    rows = await connection.fetch(
        "SELECT c.relname, array_agg(a.attname::text) AS columns FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indrelid "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indisunique AND i.indpred IS NULL GROUP BY c.relname, i.indexrelid"
    )
    found: dict[str, list[set[str]]] = {}
    for row in rows:
        found.setdefault(row["relname"], []).append(set(row["columns"]))
    return found

"""The two narrowed roles: what they may do follows from the app's, what they see from the catalogue.

Put in place after every migration, as functions are: rights and policies have no state to migrate.
Authors write nothing. A table that leads to a member, by a column `member_id` or by its foreign keys,
is narrowed with that member; restrictive policies bind the narrowed roles alone, so that whoever is
not narrowed pays nothing for them.

own      members whose advisor is `shuke.staff_id`
stores   members who belong to one of `shuke.stores`, and what was sold there
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from shuke_core.database.patience import LOCK_ATTEMPTS, LOCK_TIMEOUT, pause_after
from shuke_core.database.roles import APP, NARROWED, OWN, STORES

# What is about no member at all is of no member: hidden, unless it is written here that it is free.
FREE_WITHOUT_MEMBER = frozenset({"alert", "audit_entry", "file", "task"})
# What leads to a table that is narrowed, and to no member by that: the file of an export
# or an import is nobody's.
_OF_NOBODY = frozenset({"export", "file_import"})

_MINE = "nullif(current_setting('shuke.staff_id', true), '')::uuid"
_THERE = "store_id = ANY (nullif(current_setting('shuke.stores', true), '')::uuid[])"
_MEMBER = {OWN: f"advisor_id = {_MINE}", STORES: _THERE}

_LINKS = """
SELECT c.relname::text AS name, p.relname::text AS parent, a.attname::text AS column,
       a.attnotnull AS required
  FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[2]
 WHERE f.contype = 'f' AND array_length(f.conkey, 1) = 2 AND NOT c.relispartition AND c.oid <> p.oid
 UNION
SELECT c.relname::text, 'member', a.attname::text, a.attnotnull
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'member_id'
   AND NOT a.attisdropped
  JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id'
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
 ORDER BY 1, 3
"""
_WITH_STORE = """
SELECT c.relname::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
   AND a.attname = 'store_id' AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
_THERE_ALREADY = """
SELECT c.relname::text AS name, p.polname::text AS policy, obj_description(p.oid, 'pg_policy') AS says
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polname = ANY ($1)
"""
_GRANTS = """
SELECT c.relname::text AS name, c.relkind = 'S' AS is_sequence, g.privilege_type AS right,
       pg_get_userbyid(g.grantee)::text AS role
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL aclexplode(c.relacl) AS g
 WHERE n.nspname NOT LIKE 'pg\\_%' AND g.grantee <> 0
   AND pg_get_userbyid(g.grantee)::text = ANY ($1)
"""
_POLICY = {OWN: "own", STORES: "stores"}


class RolesMissing(Exception):
    """The narrowed roles are not there, and the owner may not create any."""


@dataclass(frozen=True, slots=True)
class Link:
    """A column that leads from a table to one that is narrowed."""

    column: str
    parent: str
    required: bool


async def narrow(owner: asyncpg.Connection) -> None:
    """Puts the rights and policies of the narrowed roles in place; waits long for no lock."""
    there = await owner.fetch(
        "SELECT rolname::text FROM pg_roles WHERE rolname = ANY ($1)", NARROWED
    )
    if missing := set(NARROWED) - {row["rolname"] for row in there}:
        raise RolesMissing(
            f"The database lacks the roles {', '.join(sorted(missing))}; "
            "docs/operating.md has the statements that make them."
        )
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            async with owner.transaction():
                await owner.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                await _grant(owner)
                await _protect(owner)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            if attempt == LOCK_ATTEMPTS:
                raise
            await asyncio.sleep(pause_after(attempt))
        else:
            return


async def _grant(owner: asyncpg.Connection) -> None:
    """What the app may, they may; what it may no longer, neither may they."""
    rows = await owner.fetch(_GRANTS, [APP, *NARROWED])
    may: dict[str, set[tuple[str, str]]] = {role: set() for role in (APP, *NARROWED)}
    sequences = {row["name"] for row in rows if row["is_sequence"]}
    for row in rows:
        may[row["role"]].add((row["name"], row["right"]))
    for role in NARROWED:
        for verb, to, differing in (
            ("GRANT", "TO", may[APP] - may[role]),
            ("REVOKE", "FROM", may[role] - may[APP]),
        ):
            for name, right in sorted(differing):
                kind = "SEQUENCE " if name in sequences else ""
                await owner.execute(f'{verb} {right} ON {kind}"{name}" {to} {role}')


async def _protect(owner: asyncpg.Connection) -> None:
    links: dict[str, list[Link]] = {}
    for row in await owner.fetch(_LINKS):
        links.setdefault(row["name"], []).append(
            Link(row["column"], row["parent"], row["required"])
        )
    with_store = frozenset(row["name"] for row in await owner.fetch(_WITH_STORE))
    wanted = {
        (table, _POLICY[role]): condition
        for table, conditions in narrowed_by(links, with_store).items()
        for role, condition in conditions.items()
    }
    rows = await owner.fetch(_THERE_ALREADY, list(_POLICY.values()))
    there = {(row["name"], row["policy"]): row["says"] for row in rows}
    for table, policy in sorted(there.keys() | wanted.keys()):
        condition = wanted.get((table, policy))
        if condition == there.get((table, policy)):
            continue
        await owner.execute(f'DROP POLICY IF EXISTS {policy} ON "{table}"')
        if condition is not None:
            role = next(role for role, name in _POLICY.items() if name == policy)
            said = condition.replace("'", "''")
            await owner.execute(
                f'CREATE POLICY {policy} ON "{table}" AS RESTRICTIVE TO {role} '
                f"USING ({condition}) WITH CHECK (true);"
                f"COMMENT ON POLICY {policy} ON \"{table}\" IS '{said}'"
            )


def narrowed_by(
    links: Mapping[str, list[Link]], with_store: frozenset[str]
) -> dict[str, dict[str, str]]:
    """For each table that leads to a member the condition of each narrowed role."""
    found: dict[str, dict[str, str]] = {"member": dict(_MEMBER)}
    while True:
        more = {
            table: chosen
            for table, all_links in links.items()
            if table not in found
            and table not in _OF_NOBODY
            and (chosen := [each for each in all_links if each.parent in found])
        }
        if not more:
            return found
        for table, chosen in more.items():
            seen = _seen(table, chosen)
            at_store = f"({seen} OR {_THERE})" if table in with_store else seen
            found[table] = {OWN: seen, STORES: at_store}


def _seen(table: str, links: list[Link]) -> str:
    """The member's own column decides; else all links that must be there; else any of the rest."""
    direct = [each for each in links if each.column == "member_id"]
    required = [each for each in links if each.required]
    chosen, word = direct or required or links, " AND " if direct or required else " OR "
    made = word.join(
        f"EXISTS (SELECT FROM {each.parent} seen WHERE seen.tenant_id = {table}.tenant_id "
        f"AND seen.id = {table}.{each.column})"
        for each in chosen
    )
    if table in FREE_WITHOUT_MEMBER:
        made = f"{chosen[0].column} IS NULL OR {made}"
    return f"({made})"

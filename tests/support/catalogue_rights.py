"""Rules over rights: grants, roles, and everything that looks past row security."""

import asyncpg
from tests.support.catalogue import (
    ABOUT_MEMBERS,
    DISPATCH_COLUMNS,
    QUEUES,
    SEQUENCES,
    WITHOUT_TENANT,
    Finding,
    role_may,
    tables,
)

from shuke_core.database.roles import _CREATE, APP, DISPATCH, ENTERED, NARROWED, REPORT

_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_WHO = "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(g.grantee)::text END"


async def grants_are_as_agreed(db: asyncpg.Connection) -> list[Finding]:
    """Rights on whole relations: none beyond what is agreed, none on partitions, none missing."""
    rows = await db.fetch(
        f"""
        SELECT c.relname::text AS name, {_WHO} AS role, g.privilege_type AS right,
               g.is_grantable AS grantable
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL aclexplode(c.relacl) AS g
         WHERE {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND g.grantee <> c.relowner
         ORDER BY 1, 2, 3
        """
    )
    agreed = {
        (table["name"], role, right)
        for table in await tables(db)
        if not table["is_partition"]
        for role in (APP, *NARROWED, REPORT)
        for right in role_may(
            table["name"], role, is_tenant_table=table["name"] not in WITHOUT_TENANT
        )
    }
    agreed |= {(name, role, "USAGE") for name in SEQUENCES for role in (APP, *NARROWED)}
    there = {(row["name"], row["role"], row["right"]) for row in rows}
    return (
        [
            Finding(name, f"{role} may {right} {name}, which nobody agreed to")
            for name, role, right in sorted(there - agreed)
        ]
        + [
            Finding(name, f"{role} may not {right} {name}, but should")
            for name, role, right in sorted(agreed - there)
        ]
        + [
            Finding(
                row["name"], f"{row['role']} may hand on its right to {row['right']} {row['name']}"
            )
            for row in rows
            if row["grantable"]
        ]
    )


async def column_grants_are_as_agreed(db: asyncpg.Connection) -> list[Finding]:
    """Rights on single columns: dispatch reads what of a queue is not content, the app says of rows
    that it may not change whose they are.
    """
    rows = await db.fetch(
        f"""
        SELECT c.relname::text AS name, a.attname::text AS column, {_WHO} AS role,
               g.privilege_type AS right
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         CROSS JOIN LATERAL aclexplode(a.attacl) AS g
         WHERE {_OURS} AND g.grantee <> c.relowner ORDER BY 1, 2, 3, 4
        """
    )
    agreed = {
        (table, column, DISPATCH, "SELECT")
        for table, columns in QUEUES.items()
        for column in columns & DISPATCH_COLUMNS
    } | {
        (table, column, APP, "UPDATE")
        for table, columns in ABOUT_MEMBERS.items()
        for column in columns
    }
    there = {(row["name"], row["column"], row["role"], row["right"]) for row in rows}
    return [
        Finding(name, f"{role} may {right} {name}.{column}, which nobody agreed to")
        for name, column, role, right in sorted(there - agreed)
    ] + [
        Finding(name, f"{role} may not {right} {name}.{column}, but should")
        for name, column, role, right in sorted(agreed - there)
    ]


async def nothing_is_granted_ahead(db: asyncpg.Connection) -> list[Finding]:
    """No default privileges, and only the owner may create anything in a schema."""
    ahead = await db.fetch("SELECT pg_get_userbyid(defaclrole)::text AS role FROM pg_default_acl")
    makers = await db.fetch(
        f"""
        SELECT n.nspname::text AS name, {_WHO} AS role
          FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) AS g
         WHERE {_OURS} AND g.privilege_type = 'CREATE' AND g.grantee <> n.nspowner ORDER BY 1, 2
        """
    )
    return [
        Finding(row["role"], f"new objects of {row['role']} come with rights for others")
        for row in ahead
    ] + [
        Finding(row["name"], f"{row['role']} may create objects in the schema {row['name']}")
        for row in makers
    ]


async def nothing_looks_past_row_security(db: asyncpg.Connection) -> list[Finding]:
    """Views that run as their owner, materialised views, SECURITY DEFINER functions."""
    relations = await db.fetch(
        f"""
        SELECT c.relname::text AS name, c.relkind::text AS kind
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE {_OURS} AND (c.relkind = 'm' OR (c.relkind = 'v' AND NOT EXISTS (
               SELECT FROM pg_options_to_table(c.reloptions) o
                WHERE o.option_name = 'security_invoker' AND o.option_value::bool)))
         ORDER BY 1
        """
    )
    functions = await db.fetch(
        f"""
        SELECT p.proname::text AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE {_OURS} AND p.prosecdef ORDER BY 1
        """
    )
    said = {"m": "is a materialised view", "v": "is a view without security_invoker"}
    return [
        Finding(row["name"], f"{row['name']} {said[row['kind']]}: it looks past row security")
        for row in relations
    ] + [
        Finding(row["name"], f"{row['name']} is SECURITY DEFINER: it looks past row security")
        for row in functions
    ]


_ATTRIBUTES = ("superuser", "bypassrls", "createrole", "createdb", "replication", "inherit")


async def roles_are_harmless(db: asyncpg.Connection) -> list[Finding]:
    """No role of ours is mighty, inherits, or is a member of any but those that the app enters."""
    roles = await db.fetch(
        "SELECT rolname::text AS name, rolsuper AS superuser, rolbypassrls AS bypassrls, "
        "rolcreaterole AS createrole, rolcreatedb AS createdb, rolreplication AS replication, "
        "rolinherit AS inherit, rolcanlogin AS login FROM pg_roles "
        "WHERE rolname = ANY ($1) ORDER BY rolname",
        list(_CREATE),
    )
    memberships = await db.fetch(
        "SELECT m.member::regrole::text AS name, m.roleid::regrole::text AS of, "
        "m.inherit_option AS inherits, m.admin_option AS hands_on FROM pg_auth_members m "
        "WHERE m.member = ANY (ARRAY(SELECT oid FROM pg_roles WHERE rolname = ANY ($1))) "
        "OR m.roleid = ANY (ARRAY(SELECT oid FROM pg_roles WHERE rolname = ANY ($1))) "
        "ORDER BY 1, 2",
        list(_CREATE),
    )
    settings = await db.fetch(
        "SELECT coalesce(r.rolname::text, d.datname::text) AS name, c.setting "
        "FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c(setting) "
        "LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase "
        "WHERE c.setting LIKE 'shuke.%' OR c.setting LIKE 'row_security%'"
    )
    found = [
        Finding(role["name"], f"{role['name']} has the attribute {attribute}")
        for role in roles
        for attribute in _ATTRIBUTES
        if role[attribute]
    ]
    found += [
        Finding(role["name"], f"{role['name']} may log in")
        for role in roles
        if role["name"] in ENTERED and role["login"]
    ]
    found += [
        Finding(m["name"], f"{m['name']} is a member of {m['of']}")
        for m in memberships
        if m["name"] != APP or m["of"] not in ENTERED
    ]
    found += [
        Finding(APP, f"{APP} inherits or hands on {m['of']}")
        for m in memberships
        if m["name"] == APP and m["of"] in ENTERED and (m["inherits"] or m["hands_on"])
    ]
    found += [
        Finding(s["name"], f"{s['name']} starts every session with {s['setting']}")
        for s in settings
    ]
    return found


RULES = (
    grants_are_as_agreed,
    column_grants_are_as_agreed,
    nothing_is_granted_ahead,
    nothing_looks_past_row_security,
    roles_are_harmless,
)

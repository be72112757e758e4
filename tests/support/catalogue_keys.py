"""Rules over keys, foreign keys and indexes: the tenant leads, and indexes serve under row security."""

import asyncpg
from tests.support.catalogue import Finding

_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_HAS_TENANT = (
    "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = {0}.oid "
    "AND a.attname = 'tenant_id' AND NOT a.attisdropped)"
)

# Under row security an index serves only leakproof operators, and these types have none.
_LEAKING = """
(t.typtype = 'e' OR t.typcategory = 'A'
 OR t.oid IN ('jsonb'::regtype, 'json'::regtype, 'numeric'::regtype, 'tsvector'::regtype))
"""


async def indexes_begin_with_the_tenant(db: asyncpg.Connection) -> list[Finding]:
    """Every primary key, unique key and index of a tenant table; each has a primary key."""
    rows = await db.fetch(
        f"""
        SELECT c.relname::text AS name, x.relname::text AS index,
               CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisunique THEN 'unique key'
                    ELSE 'index' END AS kind
          FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
          JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE {_OURS} AND {_HAS_TENANT.format("c")}
           AND (SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]) IS DISTINCT FROM 'tenant_id'
         ORDER BY c.relname, x.relname
        """
    )
    bare = await db.fetch(
        f"""
        SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND {_OURS} AND {_HAS_TENANT.format("c")}
           AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
        """
    )
    return [
        Finding(
            row["name"],
            f"the {row['kind']} {row['index']} of {row['name']} does not begin with tenant_id",
        )
        for row in rows
    ] + [Finding(row["name"], f"{row['name']} has no primary key") for row in bare]


async def indexes_serve_under_row_security(db: asyncpg.Connection) -> list[Finding]:
    """No enum, array, JSON or numeric column in an index, and b-trees only."""
    rows = await db.fetch(
        f"""
        SELECT DISTINCT c.relname::text AS name, x.relname::text AS index, m.amname::text AS method,
               (SELECT min(t.typname)::text
                  FROM generate_subscripts(i.indkey, 1) AS k
                  JOIN pg_attribute a ON a.attnum = CASE i.indkey[k] WHEN 0 THEN k + 1
                                                                     ELSE i.indkey[k] END
                   AND a.attrelid = CASE i.indkey[k] WHEN 0 THEN x.oid ELSE c.oid END
                  JOIN pg_type t ON t.oid = a.atttypid
                 WHERE {_LEAKING}) AS type
          FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
          JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE {_OURS} ORDER BY 1, 2
        """
    )
    return [
        Finding(
            row["name"],
            f"the index {row['index']} of {row['name']} holds {row['type']}, "
            "which it can't serve under row security",
        )
        for row in rows
        if row["type"]
    ] + [
        Finding(
            row["name"],
            f"the index {row['index']} of {row['name']} is of kind {row['method']}, not btree",
        )
        for row in rows
        if row["method"] != "btree"
    ]


async def foreign_keys_carry_the_tenant(db: asyncpg.Connection) -> list[Finding]:
    """Each begins with tenant_id, on both sides where it leads from tenant table to tenant table."""
    rows = await db.fetch(
        f"""
        SELECT c.relname::text AS name, k.conname::text AS key, f.relname::text AS target,
               {_HAS_TENANT.format("c")} AS here, {_HAS_TENANT.format("f")} AS there,
               (SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = k.conkey[1])::text AS first_here,
               (SELECT a.attname FROM pg_attribute a
                 WHERE a.attrelid = f.oid AND a.attnum = k.confkey[1])::text AS first_there
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
          JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE k.contype = 'f' AND {_OURS} ORDER BY 1, 2
        """
    )
    found = []
    for row in rows:
        named = f"the foreign key {row['key']} of {row['name']} to {row['target']}"
        if row["here"] and row["first_here"] != "tenant_id":
            found.append(Finding(row["name"], f"{named} does not begin with tenant_id"))
        elif row["there"] and row["first_there"] != "tenant_id":
            found.append(Finding(row["name"], f"{named} does not meet its tenant_id"))
    return found


async def set_null_names_its_column(db: asyncpg.Connection) -> list[Finding]:
    """ON DELETE SET NULL of a composite key would set tenant_id to null as well."""
    rows = await db.fetch(
        f"""
        SELECT c.relname::text AS name, k.conname::text AS key
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE k.contype = 'f' AND {_OURS} AND {_HAS_TENANT.format("c")}
           AND (k.confupdtype IN ('n', 'd') OR (k.confdeltype IN ('n', 'd')
                AND (SELECT a.attnum FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
                    = ANY (coalesce(k.confdelsetcols, k.conkey))))
         ORDER BY 1, 2
        """
    )
    return [
        Finding(
            row["name"],
            f"the foreign key {row['key']} of {row['name']} would set tenant_id to null",
        )
        for row in rows
    ]


RULES = (
    indexes_begin_with_the_tenant,
    indexes_serve_under_row_security,
    foreign_keys_carry_the_tenant,
    set_null_names_its_column,
)

"""Migration steps beyond Tortoise's own, in the words of this house."""

from collections.abc import Sequence

from tortoise.migrations.operations import RunSQL

from shuke_core.database.roles import APP, DISPATCH, REPORT
from shuke_core.database.tenant_editor import protection


def append_only(*tables: str) -> RunSQL:
    """The app may add rows to these tables and never change or delete one."""
    names = ", ".join(tables)
    return RunSQL(
        f"REVOKE UPDATE, DELETE ON {names} FROM {APP};",
        f"GRANT UPDATE, DELETE ON {names} TO {APP};",
    )


def about_members(table: str, *clears: str) -> RunSQL:
    """Of rows that it may not change the app may yet say whose they are, and empty `clears`: members
    are merged and erased."""
    columns = ", ".join(("member_id", *clears))
    return RunSQL(
        f"GRANT UPDATE ({columns}) ON {table} TO {APP};",
        f"REVOKE UPDATE ({columns}) ON {table} FROM {APP};",
    )


def never_deleted(*tables: str) -> RunSQL:
    """The app may change rows of these tables and never delete one."""
    names = ", ".join(tables)
    return RunSQL(f"REVOKE DELETE ON {names} FROM {APP};", f"GRANT DELETE ON {names} TO {APP};")


def queue(table: str, columns: Sequence[str], due: str) -> RunSQL:
    """Lets the dispatch role see `columns` of every tenant's rows, and indexes those that are due.

    `due` is the SQL condition under which a row waits for somebody; the partial index over it
    leads with the tenant, so that due tenants are found by skipping from one to the next.
    """
    listed = ", ".join(columns)
    order = ", ".join(column for column in columns if column != "state")
    return RunSQL(
        f"""
        GRANT SELECT ({listed}) ON {table} TO {DISPATCH};
        CREATE POLICY dispatch ON {table} FOR SELECT TO {DISPATCH} USING (true);
        CREATE INDEX {table}_due ON {table} ({order}) WHERE {due};
        """,
        f"""
        DROP INDEX {table}_due;
        DROP POLICY dispatch ON {table};
        REVOKE SELECT ({listed}) ON {table} FROM {DISPATCH};
        """,
    )


def directory(table: str) -> RunSQL:
    """A table without tenant that the app may read and only the owner writes."""
    return RunSQL(
        f"GRANT SELECT ON {table} TO {APP}, {REPORT};",
        f"REVOKE SELECT ON {table} FROM {APP}, {REPORT};",
    )


def partitioned_by_day(table: str, create: str) -> RunSQL:
    """A tenant table made in SQL, cut by day; `shuke maintain` makes and drops its partitions.

    Nobody is granted anything on a partition: the policies stand on the parent. The default
    partition catches what no day's partition takes, so that a late maintenance loses nothing.
    """
    return RunSQL(
        f"""
        {create};
        {protection(table)}
        CREATE TABLE {table}_default PARTITION OF {table} DEFAULT;
        ALTER TABLE {table}_default ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table}_default FORCE ROW LEVEL SECURITY;
        """,
        f"DROP TABLE {table};",
    )


def check(table: str, name: str, condition: str) -> RunSQL:
    """A CHECK constraint; `name` is what errors and tests speak of."""
    return RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition});",
        f"ALTER TABLE {table} DROP CONSTRAINT {name};",
    )


def concurrent_index(name: str, table: str, columns: Sequence[str], where: str) -> list[RunSQL]:
    """An index on a table that has rows, made while others write; for migrations that say
    `atomic = False`. One that was broken off left an invalid index: it is made anew."""
    gone = f"DROP INDEX CONCURRENTLY IF EXISTS {name};"
    return [
        RunSQL(gone, gone),
        RunSQL(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} ({', '.join(columns)}) "
            f"WHERE {where};",
            gone,
        ),
    ]

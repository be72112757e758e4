"""The roles of the database, and what they may never be.

owner     owns the tables; migrates and maintains; forced row security binds it as well
app       what the web and worker processes connect as; owns nothing, inherits nothing
dispatch  entered by the app with SET LOCAL ROLE; sees tenant, state and due time of the queues
own       entered likewise for staff who see their own members only
stores    entered likewise for staff who see the members of their stores only
report    reads a tenant's tables, under the same policies
"""

import asyncpg

OWNER = "shuke_owner"
APP = "shuke_app"
DISPATCH = "shuke_dispatch"
OWN = "shuke_own"
STORES = "shuke_stores"
REPORT = "shuke_report"
NARROWED = (OWN, STORES)
ENTERED = (DISPATCH, *NARROWED)  # by the app, for the rest of a unit

_CREATE = {
    OWNER: "LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB",
    APP: "LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB",
    DISPATCH: "NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB",
    OWN: "NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB",
    STORES: "NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB",
    REPORT: "LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB",
}

# A process that froze while it held rows lets go of them; nothing the app does takes half a minute.
TIMEOUTS = {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "15s"}

# A compiled read takes longer to plan than to run, and with `limit $2` PostgreSQL would rather plan
# it anew each time; compiling to machine code takes longer than both.
PLANNING = {"plan_cache_mode": "force_generic_plan", "jit": "off"}

_WHAT_I_AM = """
select current_user::text as name, r.rolsuper, r.rolbypassrls, r.rolinherit, r.rolcreaterole,
       exists (select from pg_class c where c.relowner = r.oid) as owns_tables,
       exists (select from pg_auth_members m join pg_roles g on g.oid = m.roleid
               where m.member = r.oid and g.rolname <> all ($1::text[])) as is_member_of_others,
       exists (select from pg_roles g where g.rolname = any ($1::text[])
               and pg_has_role(current_user, g.oid, 'usage')) as inherits_entered
  from pg_roles r where r.rolname = current_user
"""


class UnsafeRole(Exception):
    """The database role is too mighty for the app: row security would not bind it."""


async def ensure_roles(admin: asyncpg.Connection) -> None:
    """Creates the roles that are missing. `admin` may create roles; passwords are the operator's."""
    await admin.execute("SELECT pg_advisory_lock(hashtext('shuke roles'))")
    try:
        present = {row["rolname"] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
        for name, attributes in _CREATE.items():
            if name not in present:
                await admin.execute(f"CREATE ROLE {name} {attributes}")
        for name in ENTERED:
            await admin.execute(f"GRANT {name} TO {APP}")
        for name, value in (TIMEOUTS | PLANNING).items():
            await admin.execute(f"ALTER ROLE {APP} SET {name} = '{value}'")
    finally:
        await admin.execute("SELECT pg_advisory_unlock(hashtext('shuke roles'))")


async def ensure_database(admin: asyncpg.Connection, name: str) -> bool:
    """Creates the database, owned by the owner role, unless it exists; says whether it did."""
    if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        return False
    try:
        await admin.execute(f'CREATE DATABASE "{name}" OWNER {OWNER}')
    except asyncpg.DuplicateDatabaseError:  # another process was faster
        return False
    return True


async def refuse_unsafe_role(connection: asyncpg.Connection) -> None:
    """Raises UnsafeRole, with the reason and the remedy, unless row security binds this role."""
    role = await connection.fetchrow(_WHAT_I_AM, ENTERED)
    entered = ", ".join(ENTERED)
    faults = [
        said
        for holds, said in (
            (role["rolsuper"], "it is a superuser"),
            (role["rolbypassrls"], "it has BYPASSRLS"),
            (role["rolcreaterole"], "it may create roles"),
            (role["rolinherit"], "it inherits the rights of its groups (make it NOINHERIT)"),
            (role["owns_tables"], "it owns tables"),
            (role["is_member_of_others"], f"it is a member of roles other than {entered}"),
            (role["inherits_entered"], f"it inherits one of {entered}"),
        )
        if holds
    ]
    if faults:
        raise UnsafeRole(
            f"The database role {role['name']!r} is refused, because {', and '.join(faults)}. "
            f"Connect as {APP}; docs/operating.md has the statements that make it. Only then does "
            "row security hold."
        )

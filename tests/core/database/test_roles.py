"""The start refuses a database role that row security would not bind, and says why."""

import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from tests.support.scratch import connection_to, empty_database

from shuke_core.database.roles import APP, UnsafeRole, ensure_roles, refuse_unsafe_role
from shuke_core.embedded import EmbeddedServers
from shuke_core.places import Places
from shuke_core.runtime import connected
from shuke_core.settings import current_settings


@pytest_asyncio.fixture
async def role(servers: EmbeddedServers) -> AsyncIterator[str]:
    """A role of this test's own, harmless until the test changes it. Gone afterwards."""
    name = f"probe_{secrets.token_hex(6)}"
    async with connection_to(servers.admin_dsn) as admin:
        await admin.execute(f"CREATE ROLE {name} LOGIN NOINHERIT")
        try:
            yield name
        finally:
            await admin.execute(f"DROP ROLE {name}")


async def _refusal(servers: EmbeddedServers, role: str, database: str = "postgres") -> str | None:
    async with connection_to(servers.dsn(user=role, database=database)) as connection:
        try:
            await refuse_unsafe_role(connection)
        except UnsafeRole as refused:
            return str(refused).partition(" Connect as shuke_app")[0]
    return None


def _sentence(role: str, *reasons: str) -> str:
    return f"The database role {role!r} is refused, because {', and '.join(reasons)}."


async def test_the_app_role_is_taken(servers: EmbeddedServers, places: Places) -> None:
    async with connection_to(places.app_dsn) as app:
        await refuse_unsafe_role(app)


async def test_a_harmless_role_is_taken(servers: EmbeddedServers, role: str) -> None:
    assert await _refusal(servers, role) is None


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        ("BYPASSRLS", "it has BYPASSRLS"),
        ("CREATEROLE", "it may create roles"),
        ("INHERIT", "it inherits the rights of its groups (make it NOINHERIT)"),
    ],
)
async def test_a_mighty_attribute_is_refused(
    servers: EmbeddedServers, role: str, attribute: str, reason: str
) -> None:
    async with connection_to(servers.admin_dsn) as admin:
        await admin.execute(f"ALTER ROLE {role} {attribute}")
    assert await _refusal(servers, role) == _sentence(role, reason)


async def test_a_superuser_is_refused(servers: EmbeddedServers, role: str) -> None:
    async with connection_to(servers.admin_dsn) as admin:
        await admin.execute(f"ALTER ROLE {role} SUPERUSER")
    said = await _refusal(servers, role)
    assert said is not None
    assert said.startswith(f"The database role '{role}' is refused, because it is a superuser")


async def test_an_owner_of_tables_is_refused(servers: EmbeddedServers, role: str) -> None:
    async with empty_database(servers) as places:
        assert places.admin_dsn is not None
        async with connection_to(places.admin_dsn) as admin:
            await admin.execute(f"CREATE TABLE own (); ALTER TABLE own OWNER TO {role}")
            database = await admin.fetchval("SELECT current_database()")
        assert await _refusal(servers, role, database) == _sentence(role, "it owns tables")


async def test_a_member_of_another_role_is_refused(servers: EmbeddedServers, role: str) -> None:
    async with connection_to(servers.admin_dsn) as admin:
        await admin.execute(f"GRANT shuke_report TO {role}")
    assert await _refusal(servers, role) == _sentence(
        role, "it is a member of roles other than shuke_dispatch, shuke_own, shuke_stores"
    )


async def test_a_member_of_dispatch_is_taken_unless_it_inherits(
    servers: EmbeddedServers, role: str
) -> None:
    async with connection_to(servers.admin_dsn) as admin:
        await admin.execute(f"GRANT shuke_dispatch TO {role} WITH INHERIT FALSE")
        assert await _refusal(servers, role) is None
        await admin.execute(f"GRANT shuke_dispatch TO {role} WITH INHERIT TRUE")
    assert await _refusal(servers, role) == _sentence(
        role, "it inherits one of shuke_dispatch, shuke_own, shuke_stores"
    )


async def test_all_reasons_stand_in_the_sentence(servers: EmbeddedServers, role: str) -> None:
    async with connection_to(servers.admin_dsn) as admin:
        await admin.execute(f"ALTER ROLE {role} BYPASSRLS CREATEROLE")
    assert await _refusal(servers, role) == _sentence(
        role, "it has BYPASSRLS", "it may create roles"
    )


@pytest.mark.parametrize("as_owner", [True, False], ids=["owner", "superuser"])
async def test_a_process_does_not_start_with_such_a_role(places: Places, as_owner: bool) -> None:
    mighty = places.owner() if as_owner else places.app_dsn.replace("shuke_app@", "postgres@")
    with pytest.raises(UnsafeRole):
        async with connected(current_settings(), Places(mighty, None, places.redis_url)):
            pass


async def test_roles_are_made_once_by_many(servers: EmbeddedServers) -> None:
    async with connection_to(servers.admin_dsn) as one, connection_to(servers.admin_dsn) as two:
        await ensure_roles(one)
        await ensure_roles(two)
        assert await one.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", APP) == 1


async def test_the_app_can_not_make_itself_mightier(places: Places) -> None:
    async with connection_to(places.app_dsn) as app:
        for sql in (
            "ALTER ROLE shuke_app BYPASSRLS",
            "SET ROLE shuke_owner",
            "SET ROLE shuke_report",
            "SET SESSION AUTHORIZATION postgres",
            "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
            "DROP POLICY tenant ON member",
            "GRANT shuke_dispatch TO shuke_report",
            "CREATE VIEW mine AS SELECT * FROM member",
            "TRUNCATE orders",
            "INSERT INTO tenant (id) VALUES (gen_random_uuid())",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await app.execute(sql)

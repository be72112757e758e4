"""The migrated database's catalogue keeps every rule of tenancy, and each rule is seen to bite."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from tests.support import catalogue, catalogue_keys, catalogue_rights
from tests.support.catalogue import POLICY, Finding, Rule

from shuke_core.database.config import credentials
from shuke_core.database.roles import APP, DISPATCH, OWNER, REPORT
from shuke_core.database.tenant_editor import protection
from shuke_core.places import Places

RULES: tuple[Rule, ...] = (*catalogue.RULES, *catalogue_keys.RULES, *catalogue_rights.RULES)


@pytest_asyncio.fixture
async def admin(places: Places) -> AsyncIterator[asyncpg.Connection]:
    """The superuser in this worker's database; all it does is rolled back."""
    assert places.admin_dsn is not None
    to_here: dict[str, Any] = {
        **credentials(places.admin_dsn),
        "database": credentials(places.app_dsn)["database"],
    }
    connection = await asyncpg.connect(**to_here)
    planting = connection.transaction()
    await planting.start()
    try:
        yield connection
    finally:
        await planting.rollback()
        await connection.close()


def _tenant_table(name: str, columns: str = "", key: str = "tenant_id, id") -> str:
    more = f", {columns}" if columns else ""
    return (
        f"SET LOCAL ROLE {OWNER}; CREATE TABLE {name} (tenant_id uuid NOT NULL, id uuid NOT NULL"
        f"{more}, PRIMARY KEY ({key})); {protection(name)} RESET ROLE;"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_the_database_keeps_the_rule(admin: asyncpg.Connection, rule: Rule) -> None:
    assert await rule(admin) == []


async def test_the_rules_look_at_what_is_there(admin: asyncpg.Connection) -> None:
    assert {"member", "event", "ledger_entry"} <= set(await catalogue.tenant_tables(admin))
    assert "event_default" in await catalogue.partitions(admin)
    assert len(await catalogue.partitions(admin)) >= 16


def _begins(kind: str, index: str, table: str) -> Finding:
    return Finding(table, f"the {kind} {index} of {table} does not begin with tenant_id")


PLANTS: tuple[tuple[Rule, str, list[Finding]], ...] = (
    # tenants and owners
    (
        catalogue.every_table_has_a_tenant,
        "CREATE TABLE planted (id uuid PRIMARY KEY)",
        [Finding("planted", "planted has no tenant_id")],
    ),
    (
        catalogue.every_table_has_a_tenant,
        "CREATE TABLE planted (tenant_id uuid)",
        [Finding("planted", "the tenant_id of planted is not a uuid NOT NULL")],
    ),
    (
        catalogue.every_table_has_a_tenant,
        "CREATE TABLE planted (tenant_id text NOT NULL)",
        [Finding("planted", "the tenant_id of planted is not a uuid NOT NULL")],
    ),
    (
        catalogue.every_table_has_a_tenant,
        "CREATE FOREIGN DATA WRAPPER planted; CREATE SERVER planted FOREIGN DATA WRAPPER planted; "
        "CREATE FOREIGN TABLE planted (tenant_id uuid NOT NULL) SERVER planted",
        [Finding("planted", "planted is a foreign table: no policy holds there")],
    ),
    (
        catalogue.the_owner_owns,
        "ALTER TABLE member OWNER TO shuke_app",
        [Finding("member", "member belongs to shuke_app, not to shuke_owner")],
    ),
    # row security
    (
        catalogue.row_security_is_forced,
        "ALTER TABLE member DISABLE ROW LEVEL SECURITY",
        [Finding("member", "row security is not enabled on member")],
    ),
    (
        catalogue.row_security_is_forced,
        "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
        [Finding("orders", "row security is not forced on orders")],
    ),
    (
        catalogue.row_security_is_forced,
        "ALTER TABLE event_default NO FORCE ROW LEVEL SECURITY",
        [Finding("event_default", "row security is not forced on event_default")],
    ),
    (
        catalogue.row_security_is_forced,
        "CREATE TABLE planted PARTITION OF event FOR VALUES FROM ('2001-01-01') TO ('2001-01-02')",
        [
            Finding("planted", "row security is not enabled on planted"),
            Finding("planted", "row security is not forced on planted"),
        ],
    ),
    (
        catalogue.policies_are_as_agreed,
        "DROP POLICY tenant ON member",
        [Finding("member", "member lacks the policy tenant")],
    ),
    (
        catalogue.policies_are_as_agreed,
        "CREATE POLICY planted ON member USING (true)",
        [Finding("member", "member has a policy planted that nobody expects")],
    ),
    (
        catalogue.policies_are_as_agreed,
        "CREATE POLICY planted ON event_default USING (true)",
        [Finding("event_default", "event_default has a policy planted that nobody expects")],
    ),
    (
        catalogue.policies_are_as_agreed,
        "CREATE POLICY dispatch ON member FOR SELECT TO shuke_dispatch USING (true)",
        [Finding("member", "member has a policy dispatch that nobody expects")],
    ),
    (
        catalogue.policies_are_as_agreed,
        "ALTER POLICY tenant ON member WITH CHECK (true)",
        [
            Finding(
                "member",
                "the policy tenant of member says something else: "
                f"{(True, '*', ['PUBLIC'], POLICY, 'true')}",
            )
        ],
    ),
    (
        catalogue.policies_are_as_agreed,
        "ALTER POLICY tenant ON member USING (tenant_id IS NOT NULL)",
        [
            Finding(
                "member",
                "the policy tenant of member says something else: "
                f"{(True, '*', ['PUBLIC'], '(tenant_id IS NOT NULL)', POLICY)}",
            )
        ],
    ),
    (
        catalogue.policies_are_as_agreed,
        "ALTER POLICY dispatch ON inbox TO shuke_app",
        [
            Finding(
                "inbox",
                "the policy dispatch of inbox says something else: "
                f"{(True, 'r', [APP], 'true', None)}",
            )
        ],
    ),
    # keys
    (
        catalogue_keys.indexes_begin_with_the_tenant,
        _tenant_table("planted", key="id"),
        [_begins("primary key", "planted_pkey", "planted")],
    ),
    (
        catalogue_keys.indexes_begin_with_the_tenant,
        "CREATE TABLE planted (tenant_id uuid NOT NULL)",
        [Finding("planted", "planted has no primary key")],
    ),
    (
        catalogue_keys.indexes_begin_with_the_tenant,
        "ALTER TABLE member ADD CONSTRAINT planted UNIQUE (card_no)",
        [_begins("unique key", "planted", "member")],
    ),
    (
        catalogue_keys.indexes_begin_with_the_tenant,
        "CREATE UNIQUE INDEX planted ON member (lower(card_no), tenant_id)",
        [_begins("unique key", "planted", "member")],
    ),
    (
        catalogue_keys.indexes_begin_with_the_tenant,
        "CREATE INDEX planted ON orders (placed_at)",
        [_begins("index", "planted", "orders")],
    ),
    (
        catalogue_keys.indexes_begin_with_the_tenant,
        "CREATE INDEX planted ON event_default (recorded_at)",
        [_begins("index", "planted", "event_default")],
    ),
    *(
        (
            catalogue_keys.indexes_serve_under_row_security,
            "CREATE TYPE mood AS ENUM ('good'); "
            + _tenant_table("planted", f"held {kind}")
            + "CREATE INDEX bad ON planted (tenant_id, held)",
            [
                Finding(
                    "planted",
                    f"the index bad of planted holds {named}, which it can't serve under row "
                    "security",
                )
            ],
        )
        for kind, named in (
            ("mood", "mood"),
            ("text[]", "_text"),
            ("jsonb", "jsonb"),
            ("numeric", "numeric"),
        )
    ),
    (
        catalogue_keys.indexes_serve_under_row_security,
        "CREATE INDEX bad ON event_default (tenant_id, (payload -> 'a'))",
        [
            Finding(
                "event_default",
                "the index bad of event_default holds jsonb, which it can't serve under row "
                "security",
            )
        ],
    ),
    (
        catalogue_keys.indexes_serve_under_row_security,
        "CREATE INDEX bad ON member USING brin (tenant_id)",
        [Finding("member", "the index bad of member is of kind brin, not btree")],
    ),
    (
        catalogue_keys.foreign_keys_carry_the_tenant,
        "ALTER TABLE member ADD UNIQUE (id); "
        + _tenant_table("planted", "member_id uuid CONSTRAINT leaving REFERENCES member (id)"),
        [
            Finding(
                "planted",
                "the foreign key leaving of planted to member does not begin with tenant_id",
            )
        ],
    ),
    (
        catalogue_keys.foreign_keys_carry_the_tenant,
        "ALTER TABLE member ADD UNIQUE (id, tenant_id); "
        + _tenant_table(
            "planted",
            "other uuid, CONSTRAINT crossed FOREIGN KEY (tenant_id, other) "
            "REFERENCES member (id, tenant_id)",
        ),
        [
            Finding(
                "planted",
                "the foreign key crossed of planted to member does not meet its tenant_id",
            )
        ],
    ),
    (
        catalogue_keys.foreign_keys_carry_the_tenant,
        "ALTER TABLE member ADD UNIQUE (id); "
        "ALTER TABLE tenant ADD first uuid CONSTRAINT inward REFERENCES member (id)",
        [
            Finding(
                "tenant", "the foreign key inward of tenant to member does not meet its tenant_id"
            )
        ],
    ),
    (
        catalogue_keys.set_null_names_its_column,
        _tenant_table(
            "planted",
            "member_id uuid, CONSTRAINT emptying FOREIGN KEY (tenant_id, member_id) "
            "REFERENCES member (tenant_id, id) ON DELETE SET NULL",
        ),
        [Finding("planted", "the foreign key emptying of planted would set tenant_id to null")],
    ),
    # rights
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT SELECT ON member TO PUBLIC",
        [Finding("member", "PUBLIC may SELECT member, which nobody agreed to")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT DELETE ON ledger_entry TO shuke_app",
        [Finding("ledger_entry", "shuke_app may DELETE ledger_entry, which nobody agreed to")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT SELECT ON event_default TO shuke_app",
        [Finding("event_default", "shuke_app may SELECT event_default, which nobody agreed to")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT INSERT ON tenant TO shuke_app",
        [Finding("tenant", "shuke_app may INSERT tenant, which nobody agreed to")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT UPDATE ON member TO shuke_report",
        [Finding("member", "shuke_report may UPDATE member, which nobody agreed to")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT TRUNCATE ON orders TO shuke_app",
        [Finding("orders", "shuke_app may TRUNCATE orders, which nobody agreed to")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT SELECT ON inbox TO shuke_dispatch",
        [Finding("inbox", "shuke_dispatch may SELECT inbox, which nobody agreed to")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "GRANT SELECT ON member TO shuke_app WITH GRANT OPTION",
        [Finding("member", "shuke_app may hand on its right to SELECT member")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "REVOKE SELECT ON member FROM shuke_report",
        [Finding("member", "shuke_report may not SELECT member, but should")],
    ),
    (
        catalogue_rights.grants_are_as_agreed,
        "CREATE VIEW planted WITH (security_invoker) AS SELECT 1 AS one; "
        "GRANT SELECT ON planted TO shuke_app",
        [Finding("planted", "shuke_app may SELECT planted, which nobody agreed to")],
    ),
    (
        catalogue_rights.column_grants_are_as_agreed,
        "GRANT SELECT (payload) ON event TO shuke_dispatch",
        [Finding("event", "shuke_dispatch may SELECT event.payload, which nobody agreed to")],
    ),
    (
        catalogue_rights.column_grants_are_as_agreed,
        "GRANT UPDATE (state) ON inbox TO shuke_dispatch",
        [Finding("inbox", "shuke_dispatch may UPDATE inbox.state, which nobody agreed to")],
    ),
    (
        catalogue_rights.column_grants_are_as_agreed,
        "GRANT SELECT (card_no) ON member TO PUBLIC",
        [Finding("member", "PUBLIC may SELECT member.card_no, which nobody agreed to")],
    ),
    (
        catalogue_rights.column_grants_are_as_agreed,
        "GRANT SELECT (payload) ON event_default TO shuke_app",
        [
            Finding(
                "event_default",
                "shuke_app may SELECT event_default.payload, which nobody agreed to",
            )
        ],
    ),
    (
        catalogue_rights.column_grants_are_as_agreed,
        "REVOKE SELECT (due_at) ON schedule FROM shuke_dispatch",
        [Finding("schedule", "shuke_dispatch may not SELECT schedule.due_at, but should")],
    ),
    (
        catalogue_rights.nothing_is_granted_ahead,
        "ALTER DEFAULT PRIVILEGES FOR ROLE shuke_owner GRANT SELECT ON TABLES TO shuke_app",
        [Finding(OWNER, "new objects of shuke_owner come with rights for others")],
    ),
    (
        catalogue_rights.nothing_is_granted_ahead,
        "GRANT CREATE ON SCHEMA public TO shuke_app",
        [Finding("public", "shuke_app may create objects in the schema public")],
    ),
    (
        catalogue_rights.nothing_looks_past_row_security,
        "CREATE VIEW planted AS SELECT * FROM member",
        [
            Finding(
                "planted",
                "planted is a view without security_invoker: it looks past row security",
            )
        ],
    ),
    (
        catalogue_rights.nothing_looks_past_row_security,
        "CREATE VIEW planted WITH (security_invoker = off) AS SELECT * FROM member",
        [
            Finding(
                "planted",
                "planted is a view without security_invoker: it looks past row security",
            )
        ],
    ),
    (
        catalogue_rights.nothing_looks_past_row_security,
        "CREATE MATERIALIZED VIEW planted AS SELECT * FROM member",
        [Finding("planted", "planted is a materialised view: it looks past row security")],
    ),
    (
        catalogue_rights.nothing_looks_past_row_security,
        "CREATE FUNCTION planted() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        [Finding("planted", "planted is SECURITY DEFINER: it looks past row security")],
    ),
    *(
        (
            catalogue_rights.roles_are_harmless,
            f"ALTER ROLE {role} {attribute}",
            [Finding(role, f"{role} has the attribute {attribute.lower()}")],
        )
        for role, attribute in (
            (APP, "SUPERUSER"),
            (APP, "BYPASSRLS"),
            (APP, "INHERIT"),
            (APP, "CREATEROLE"),
            (DISPATCH, "BYPASSRLS"),
            (REPORT, "BYPASSRLS"),
            (REPORT, "CREATEDB"),
            (OWNER, "SUPERUSER"),
            (OWNER, "BYPASSRLS"),
            (OWNER, "INHERIT"),
        )
    ),
    (
        catalogue_rights.roles_are_harmless,
        "ALTER ROLE shuke_dispatch LOGIN",
        [Finding(DISPATCH, "shuke_dispatch may log in")],
    ),
    (
        catalogue_rights.roles_are_harmless,
        "GRANT shuke_report TO shuke_app",
        [Finding(APP, "shuke_app is a member of shuke_report")],
    ),
    (
        catalogue_rights.roles_are_harmless,
        "GRANT pg_read_all_data TO shuke_app",
        [Finding(APP, "shuke_app is a member of pg_read_all_data")],
    ),
    (
        catalogue_rights.roles_are_harmless,
        "GRANT shuke_dispatch TO shuke_app WITH INHERIT TRUE",
        [Finding(APP, "shuke_app inherits or hands on shuke_dispatch")],
    ),
    (
        catalogue_rights.roles_are_harmless,
        "ALTER ROLE shuke_app SET shuke.tenant_id = '00000000-0000-0000-0000-000000000000'",
        [
            Finding(
                APP,
                "shuke_app starts every session with "
                "shuke.tenant_id=00000000-0000-0000-0000-000000000000",
            )
        ],
    ),
)


@pytest.mark.parametrize(
    ("rule", "plant", "expected"),
    PLANTS,
    ids=[f"{n:02}-{rule.__name__}" for n, (rule, _, _) in enumerate(PLANTS)],
)
async def test_a_planted_breach_is_found(
    admin: asyncpg.Connection, rule: Rule, plant: str, expected: list[Finding]
) -> None:
    await admin.execute(plant)
    assert await rule(admin) == expected


def test_no_rule_is_without_a_plant() -> None:
    assert {rule.__name__ for rule, _, _ in PLANTS} == {rule.__name__ for rule in RULES}

"""What PostgreSQL's catalogue must say of tenancy: each rule reads it and returns its findings.

The expectations below are written by hand. A new queue, append-only table or table without tenant
is entered here, or the contract test is red.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from shuke_core.database.roles import APP, DISPATCH, NARROWED, OWN, OWNER, REPORT, STORES

WITHOUT_TENANT = frozenset({"tenant", "tenant_life", "tortoise_migrations"})

# Of these the operator's log: no process reads it.
OF_THE_OWNER = frozenset({"tenant_life"})

APPEND_ONLY = frozenset(
    {
        "assignment",
        "audit_entry",
        "audit_link",
        "consent",
        "earning_rule",
        "interaction",
        "ledger_allocation",
        "ledger_entry",
        "merge_move",
        "order_line",
        "privacy_text",
        "refund_line",
        "rule_version",
        "schedule_run",
        "task_step",
        "withheld_order",
    }
)

# Of these the app may yet say whose they are, and empty a column: members are merged and erased.
ABOUT_MEMBERS = {
    "assignment": ("member_id", "reason"),
    "consent": ("member_id", "guardian", "address", "agent"),
    "interaction": ("member_id",),
}

# What belongs to a member, and is shown to who is narrowed to some members only with that member.
OF_A_MEMBER = frozenset(
    {
        "alert",
        "assignment",
        "audit_entry",
        "audit_link",
        "campaign_participation",
        "consent",
        "file",
        "file_chunk",
        "interaction",
        "interaction_follow_up",
        "ledger_account",
        "ledger_allocation",
        "ledger_entry",
        "ledger_lot",
        "member",
        "member_block",
        "member_identity",
        "member_key",
        "member_merge",
        "member_note",
        "member_token",
        "merge_candidate",
        "merge_move",
        "order_line",
        "order_step",
        "orders",
        "phone_claim",
        "profile_value",
        "refund",
        "refund_line",
        "retail_channel_purchases",
        "rights_request",
        "task",
        "task_reminder",
        "task_step",
        "withheld_order",
    }
)

# Those of the plugin that the tests migrate.
OF_A_MEMBER_IN_TESTS = frozenset({"club", "club_visit", "perk"})

NEVER_DELETED = frozenset(
    {
        "alert",
        "campaign",
        "form",
        "interaction_follow_up",
        "item",
        "ledger_account",
        "ledger_lot",
        "order_step",
        "orders",
        "refund",
        "rights_request",
        "rule_document",
        "task",
        "task_reminder",
    }
)

# What the dispatch role sees of each queue.
QUEUES: Mapping[str, frozenset[str]] = {
    "event": frozenset({"tenant_id", "seq", "position", "recorded_at"}),
    "export": frozenset({"tenant_id", "due_at", "state"}),
    "file_import": frozenset({"tenant_id", "due_at", "state"}),
    "inbox": frozenset({"tenant_id", "due_at", "state"}),
    "parked_event": frozenset({"tenant_id", "due_at", "state", "reaction"}),
    "plugin_switch": frozenset({"tenant_id", "key", "state"}),
    "reaction_cursor": frozenset({"tenant_id", "name", "position"}),
    "relay": frozenset({"tenant_id", "position"}),
    "schedule": frozenset({"tenant_id", "due_at", "state", "name"}),
    "task_reminder": frozenset({"tenant_id", "due_at", "state"}),
}
DISPATCH_COLUMNS = frozenset(
    {"tenant_id", "seq", "state", "due_at", "position", "recorded_at", "name", "key", "reaction"}
)

# Sequences hold no row of anybody; the app draws numbers from these.
SEQUENCES = frozenset({"event_seq"})

POLICY = "(tenant_id = (NULLIF(current_setting('shuke.tenant_id'::text, true), ''::text))::uuid)"

_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_TABLES = f"""
SELECT c.oid, c.relname::text AS name, c.relispartition AS is_partition,
       c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced, c.relkind::text AS kind,
       pg_get_userbyid(c.relowner)::text AS owner,
       t.attnum AS tenant_column, t.attnotnull AS tenant_is_required,
       t.atttypid = 'uuid'::regtype AS tenant_is_uuid
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attribute t
    ON t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped
 WHERE c.relkind IN ('r', 'p', 'f') AND {_OURS} ORDER BY c.relname
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """A breach of a rule; the sentence names the table."""

    subject: str
    sentence: str


Rule = Callable[[asyncpg.Connection], Awaitable[list[Finding]]]


async def tables(db: asyncpg.Connection) -> list[dict[str, Any]]:
    """Every table and partition of ours."""
    return [dict(row) for row in await db.fetch(_TABLES)]


async def tenant_tables(db: asyncpg.Connection) -> list[str]:
    """The tables with tenant_id, partitions left out."""
    return [t["name"] for t in await tables(db) if t["tenant_column"] and not t["is_partition"]]


async def partitions(db: asyncpg.Connection) -> list[str]:
    """Every partition."""
    return [t["name"] for t in await tables(db) if t["is_partition"]]


async def every_table_has_a_tenant(db: asyncpg.Connection) -> list[Finding]:
    """Tables without tenant_id are listed here; elsewhere it is a uuid that is always there."""
    found = []
    for table in await tables(db):
        name = table["name"]
        if table["kind"] == "f":
            found.append(Finding(name, f"{name} is a foreign table: no policy holds there"))
        elif name in WITHOUT_TENANT:
            continue
        elif not table["tenant_column"]:
            found.append(Finding(name, f"{name} has no tenant_id"))
        elif not table["tenant_is_required"] or not table["tenant_is_uuid"]:
            found.append(Finding(name, f"the tenant_id of {name} is not a uuid NOT NULL"))
    return found


async def the_owner_owns(db: asyncpg.Connection) -> list[Finding]:
    """A table of the app's, or of a superuser's, would escape what is forced on the owner."""
    return [
        Finding(table["name"], f"{table['name']} belongs to {table['owner']}, not to {OWNER}")
        for table in await tables(db)
        if table["owner"] != OWNER
    ]


async def row_security_is_forced(db: asyncpg.Connection) -> list[Finding]:
    """Enabled and forced on every table with tenant_id, partitions included."""
    found = []
    for table in await tables(db):
        name = table["name"]
        if table["tenant_column"] and not table["enabled"]:
            found.append(Finding(name, f"row security is not enabled on {name}"))
        if table["tenant_column"] and not table["forced"]:
            found.append(Finding(name, f"row security is not forced on {name}"))
    return found


async def policies_are_as_agreed(db: asyncpg.Connection) -> list[Finding]:
    """One policy `tenant` on each tenant table, one `dispatch` on queues, none on partitions."""
    rows = await db.fetch(
        f"""
        SELECT c.relname::text AS name, p.polname::text AS policy, p.polpermissive AS permissive,
               p.polcmd::text AS command,
               ARRAY(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r)::text END
                       FROM unnest(p.polroles) AS r) AS roles,
               pg_get_expr(p.polqual, p.polrelid) AS using,
               pg_get_expr(p.polwithcheck, p.polrelid) AS checks
          FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS}
         ORDER BY c.relname, p.polname
        """
    )
    there = {(row["name"], row["policy"]): tuple(row)[2:] for row in rows}
    wanted: dict[tuple[str, str], tuple[Any, ...]] = {
        (name, "tenant"): (True, "*", ["PUBLIC"], POLICY, POLICY)
        for name in await tenant_tables(db)
    }
    wanted |= {(name, "dispatch"): (True, "r", [DISPATCH], "true", None) for name in QUEUES}
    present = frozenset(await tenant_tables(db))
    for role, policy in ((OWN, "own"), (STORES, "stores")):
        for name in (OF_A_MEMBER | OF_A_MEMBER_IN_TESTS) & present:
            # What they show is tried row by row in tests/isolation/test_scopes.py.
            says = there.get((name, policy))
            using = says[3] if says else None
            wanted[name, policy] = (False, "*", [role], using, "true")
    found = [
        Finding(name, f"{name} lacks the policy {policy}")
        for name, policy in sorted(wanted.keys() - there.keys())
    ]
    for (name, policy), says in there.items():
        if (name, policy) not in wanted:
            found.append(Finding(name, f"{name} has a policy {policy} that nobody expects"))
        elif wanted[name, policy] != says:
            found.append(
                Finding(name, f"the policy {policy} of {name} says something else: {says}")
            )
    return found


RULES: tuple[Rule, ...] = (
    every_table_has_a_tenant,
    the_owner_owns,
    row_security_is_forced,
    policies_are_as_agreed,
)


def role_may(table: str, role: str, *, is_tenant_table: bool) -> frozenset[str]:
    """What a role may do with a whole table, partitions aside."""
    reads = frozenset({"SELECT"})
    if role == REPORT:
        return reads if is_tenant_table or table == "tenant" else frozenset()
    if role not in (APP, *NARROWED):
        return frozenset()
    if not is_tenant_table:
        return reads if table in WITHOUT_TENANT - OF_THE_OWNER else frozenset()
    if table in APPEND_ONLY:
        return reads | {"INSERT"}
    return reads | {"INSERT", "UPDATE"} | (frozenset() if table in NEVER_DELETED else {"DELETE"})

"""The verbs of rules: save a named rule as a new version, retire it."""

from typing import Any
from uuid import UUID

import orjson

from shuke_core.access.rights import Rights
from shuke_core.access.scopes import rights_here
from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch, fetch_one, fetch_value
from shuke_core.rules.checking import check
from shuke_core.rules.errors import (
    RuleChanged,
    RuleNameInvalid,
    RulesTooMany,
    RuleUnknown,
    RuleVersionsTooMany,
)
from shuke_core.rules.queries import MOST_RULES, Saved, stored_rule
from shuke_core.rules.registry import registry_here

LONGEST_NAME = 60


async def save_rule(
    name: str, subject: str, document: Any, rights: Rights, staff_id: UUID | None
) -> Saved:
    """Keeps a document under a name, as version 1 of a new rule. Raises RuleInvalid, for an author with
    these rights, RuleNameInvalid, and RulesTooMany past 200 active ones."""
    clean, rule_id, now = _clean_name(name), new_id(), clock.now()
    check(document, subject, await registry_here(), rights_here(rights))
    await lock_until_commit("new rules")  # of two who save the last one at once one is refused
    active = "SELECT count(*) FROM rule_document WHERE tenant_id = $1 AND state = 'active'"
    if await fetch_value(active) >= MOST_RULES:
        raise RulesTooMany(most=MOST_RULES)
    await fetch(
        "INSERT INTO rule_document (tenant_id, id, name, subject, newest, state, created_at) "
        "VALUES ($1, $2, $3, $4, 1, 'active', $5)",
        *(rule_id, clean, subject, now),
    )
    await _keep_version(rule_id, 1, document, staff_id)
    await record("rule.saved", f"rule:{rule_id}", changes={"version": (None, 1)})
    return Saved(rule_id, 1)


async def change_rule(
    rule_id: UUID, after: int, name: str, document: Any, rights: Rights, staff_id: UUID | None
) -> Saved:
    """Keeps a document as the next version; versions before it stay as they are, and in use.

    `after` is the version that its author has seen. Another name alone, or the same document, makes no
    version. Raises RuleUnknown, also for a retired one, RuleChanged, RuleInvalid, RuleNameInvalid, and
    RuleVersionsTooMany past 200.
    """
    clean = _clean_name(name)
    # Locked first and read after: who waits here finds what the other has saved.
    row = await fetch_one(
        "SELECT subject, name, newest FROM rule_document "
        "WHERE tenant_id = $1 AND id = $2 AND state = 'active' FOR UPDATE",
        rule_id,
    )
    if row is None:
        raise RuleUnknown()
    if row["newest"] != after:
        raise RuleChanged(newest=row["newest"])
    check(document, row["subject"], await registry_here(), rights_here(rights))
    same = (await stored_rule(rule_id, after)).document == document
    version = after if same else after + 1
    if same and row["name"] == clean:
        return Saved(rule_id, version)
    if not same and after >= MOST_RULES:
        raise RuleVersionsTooMany(most=MOST_RULES)
    if not same:
        await _keep_version(rule_id, version, document, staff_id)
    await fetch(
        "UPDATE rule_document SET newest = $3, name = $4 WHERE tenant_id = $1 AND id = $2",
        *(rule_id, version, clean),
    )
    changes = {"version": (after, version), "name": (row["name"], clean)}
    await record("rule.saved", f"rule:{rule_id}", changes=changes)
    return Saved(rule_id, version)


async def retire_rule(rule_id: UUID) -> None:
    """Nothing new is made to use the rule; who pins a version goes on. Raises RuleUnknown."""
    rows = await fetch(
        "UPDATE rule_document SET state = 'retired' WHERE tenant_id = $1 AND id = $2 "
        "AND state = 'active' RETURNING id",
        rule_id,
    )
    if not rows:
        raise RuleUnknown()
    await record("rule.retired", f"rule:{rule_id}")


async def _keep_version(rule_id: UUID, version: int, document: Any, staff_id: UUID | None) -> None:
    await fetch(
        "INSERT INTO rule_version (tenant_id, id, rule_id, version, document, staff_id, saved_at) "
        "VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7)",
        *(new_id(), rule_id, version, orjson.dumps(document).decode(), staff_id, clock.now()),
    )


def _clean_name(name: str) -> str:
    try:
        clean = clean_text(name, longest=LONGEST_NAME)
    except Unclean:
        clean = None
    if clean is None:
        raise RuleNameInvalid(why=f"use 1 to {LONGEST_NAME} legible characters")
    return clean

"""Reads of rules: named ones with their versions, and what a tenant's rules are decided by."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.access.scopes import rights_here
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch
from shuke_core.rules.checking import check, revive
from shuke_core.rules.declare import RuleFacts, RuleField
from shuke_core.rules.document import Rule
from shuke_core.rules.errors import RuleInvalid, RuleSubjectWrong, RuleUnknown
from shuke_core.rules.in_sql import Condition, condition_of
from shuke_core.rules.registry import Registry, barred, lacking, registry_here
from shuke_core.rules.rendering import Manner
from shuke_core.rules.times import At
from shuke_core.tenants.queries import this_tenant

MOST_RULES = 200  # active ones, and versions of each: lists of them are whole


@dataclass(frozen=True, slots=True)
class Saved:
    """A version of a rule: what its users pin."""

    rule_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A version of a named rule, as it was saved."""

    id: UUID
    name: str
    subject: str
    state: str
    newest: int
    version: int
    document: Any
    saved_at: datetime
    saved_by: str | None


_STORED = """
SELECT r.id, r.name, r.subject, r.state, r.newest, v.version, v.document::text AS document,
       v.saved_at, s.name AS saved_by
  FROM rule_document r
  JOIN rule_version v ON v.tenant_id = $1 AND v.rule_id = r.id
  LEFT JOIN staff s ON s.tenant_id = $1 AND s.id = v.staff_id
 WHERE r.tenant_id = $1
"""


def _stored(row: dict[str, Any]) -> StoredRule:
    return StoredRule(**{**row, "document": orjson.loads(row["document"])})


async def stored_rule(rule_id: UUID, version: int | None = None) -> StoredRule:
    """A version of a rule, the newest unless one is named; retired ones too. Raises RuleUnknown."""
    which = "v.version = $3" if version is not None else "v.version = r.newest"
    values = (rule_id,) if version is None else (rule_id, version)
    rows = await fetch(f"{_STORED} AND r.id = $2 AND {which}", *values)
    if not rows:
        raise RuleUnknown()
    return _stored(rows[0])


async def stored_rules() -> list[StoredRule]:
    """The newest version of each active rule, by name; `save_rule` sees that they are 200 at most."""
    rows = await fetch(
        f"{_STORED} AND r.state = 'active' AND v.version = r.newest "
        f"ORDER BY r.name, r.id LIMIT {MOST_RULES}"
    )
    return [_stored(row) for row in rows]


async def versions_of(rule_id: UUID) -> list[StoredRule]:
    """The versions of a rule, the newest first; `change_rule` sees that they are 200 at most."""
    rows = await fetch(
        f"{_STORED} AND r.id = $2 ORDER BY v.version DESC LIMIT {MOST_RULES}", rule_id
    )
    return [_stored(row) for row in rows]


async def pinned_rule(rule_id: UUID, version: int, subject: str) -> Rule:
    """What a user of a rule has pinned, ready to be decided.

    Raises RuleUnknown, RuleSubjectWrong, and RuleInactive where words of it are gone: then it is not
    decided, neither way.
    """
    stored = await stored_rule(rule_id, version)
    if stored.subject != subject:
        raise RuleSubjectWrong(found=stored.subject, wanted=subject)
    return revive(stored.document, subject, await registry_here())


async def at_now() -> At:
    """This moment in the tenant's zone."""
    return At(clock.now(), (await this_tenant()).zone)


async def manner_here() -> Manner:
    """How this tenant's values are written; closed stores have names too."""
    tenant = await this_tenant()
    rows = await fetch("SELECT code, name FROM store WHERE tenant_id = $1")
    return Manner(tenant.zone, tenant.currency, {row["code"]: row["name"] for row in rows})


def usable_by(rule: Rule, rights: Rights) -> bool:
    """Whether somebody may see every word of a rule, and so what it says and finds."""
    words: list[RuleField | RuleFacts] = [*rule.fields(), *rule.facts()]
    return not any(lacking(word, rights) for word in words)


def told_to(rule: Rule, rights: Rights) -> bool:
    """Whether somebody may be told what comes of a rule, with the values masked that they may not see."""
    words: list[RuleField | RuleFacts] = [*rule.fields(), *rule.facts()]
    return not any(barred(word, rights) for word in words)


def sees_everything(rights: Rights) -> bool:
    """Whether no class is kept from somebody: who may read a document whose words are gone."""
    return rights.classes >= EVERY_CLASS


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that somebody asks with, and the words it is made of."""

    rule: Rule
    registry: Registry


async def asked_with(
    subject: str,
    rights: Rights,
    *,
    document: Any = None,
    rule_id: UUID | None = None,
    masked: bool = False,
) -> Asked:
    """The rule that a document says, or the newest version of a named one, for somebody with these
    rights: what they may not see they may not ask with either. A retired one is not asked with; who has
    pinned a version goes on (`pinned_rule`). `masked`: a named one, whose values will
    be masked, is had by whoever has the permissions.

    Raises RuleInvalid, RuleUnknown, RuleSubjectWrong and RuleInactive.
    """
    registry, rights = await registry_here(), rights_here(rights)
    if rule_id is None:
        return Asked(check(document, subject, registry, rights), registry)
    stored = await stored_rule(rule_id)
    if stored.state != "active":
        raise RuleUnknown()
    if stored.subject != subject:
        raise RuleSubjectWrong(found=stored.subject, wanted=subject)
    rule = revive(stored.document, subject, registry)
    if not (told_to if masked else usable_by)(rule, rights):
        raise RuleInvalid(problems=(), told="it asks for fields that you may not see.")
    return Asked(rule, registry)


async def filter_of(
    subject: str, rights: Rights, *, document: Any = None, rule_id: UUID | None = None
) -> Condition:
    """The condition of SQL that `asked_with` comes to at this moment, over `this`. That of a document
    and that of a named rule may stand in one statement."""
    asked = await asked_with(subject, rights, document=document, rule_id=rule_id)
    prefix = "rule" if rule_id is None else "named"
    return condition_of(asked.rule, asked.registry, await at_now(), prefix)

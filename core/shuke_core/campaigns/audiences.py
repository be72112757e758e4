"""Whom a campaign is for: its pinned rule, decided of one member with their facts of this moment."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shuke_core.kit.transactions import fetch
from shuke_core.rules.checking import revive
from shuke_core.rules.document import Rule
from shuke_core.rules.errors import RuleFactsTooMany, RuleInactive
from shuke_core.rules.in_memory import holds
from shuke_core.rules.in_sql import condition_of
from shuke_core.rules.loading import rows_for
from shuke_core.rules.queries import at_now
from shuke_core.rules.registry import registry_here

SUBJECT = "member"


async def is_for(member_id: UUID, document: Any) -> bool:
    """Whether the rule of that document holds for the member, decided in memory.

    A rule whose words are gone (their plugin is off) holds for nobody. Of whom too many facts hang
    together it is asked in SQL, which says the same.
    """
    registry = await registry_here()
    try:
        rule = revive(document, SUBJECT, registry)
    except RuleInactive:
        return False
    try:
        rows = await rows_for([rule], registry, [member_id])
    except RuleFactsTooMany:
        return bool(await audiences_with(member_id, {member_id: document}))
    return member_id in rows and holds(rule, rows[member_id], await at_now())


async def audiences_with(member_id: UUID, documents: Mapping[UUID, Any]) -> set[UUID]:
    """Which of these rules, by their ids, hold for the member: one statement, however many there are."""
    registry, at = await registry_here(), await at_now()
    rules: dict[UUID, Rule] = {}
    for key, document in documents.items():
        try:
            rules[key] = revive(document, SUBJECT, registry)
        except RuleInactive:
            continue
    if not rules:
        return set()
    values: list[Any] = [member_id]
    asked = []
    for nth, rule in enumerate(rules.values()):
        text, more = condition_of(rule, registry, at).numbered("m", before=len(values) + 1)
        asked.append(f"({text}) IS TRUE AS holds_{nth}")
        values += more
    rows = await fetch(
        f"SELECT {', '.join(asked)} FROM member m WHERE m.tenant_id = $1 AND m.id = $2", *values
    )
    return {key for row in rows for key, found in zip(rules, row.values(), strict=True) if found}

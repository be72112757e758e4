"""Root fields of the staff API about rules."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import MEMBERS_READ, RULES_READ
from shuke_core.access.scopes import rights_here
from shuke_core.members.rule_fields import MEMBER
from shuke_core.rules.checking import check
from shuke_core.rules.errors import RuleInvalid, RuleUnknown
from shuke_core.rules.explanation import explain
from shuke_core.rules.loading import rows_for
from shuke_core.rules.queries import (
    StoredRule,
    asked_with,
    at_now,
    manner_here,
    stored_rule,
    stored_rules,
    versions_of,
)
from shuke_core.rules.registry import registry_here
from shuke_core.rules.rendering import render
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.parts import Audience
from shuke_schema.rights import ANY_STAFF, asks
from shuke_schema.rules.types import (
    NamedRule,
    RuleCheck,
    RuleExplanation,
    RuleProblem,
    RuleReason,
    RuleVocabulary,
)

# What explains a rule of 200 conditions over 10,000 facts takes seconds: beside the loop, two at a time.
_EXPLAINING = ThreadPoolExecutor(2, "explaining")


async def named_rules(info: ShukeInfo, stored: Iterable[StoredRule]) -> list[NamedRule]:
    """Versions of rules, as their reader may see them."""
    registry, manner = await registry_here(), await manner_here()
    return [NamedRule.of(each, registry, info.context.rights, manner) for each in stored]


@strawberry.type
class RulesQuery:
    @strawberry.field(
        description="The words that you can make rules of, the plugins' that are on among them.",
        metadata=asks(Audience.STAFF, ANY_STAFF),
    )
    async def rule_vocabulary(self, info: ShukeInfo) -> RuleVocabulary:
        return RuleVocabulary.of(await registry_here(), rights_here(info.context.rights))

    @strawberry.field(
        description="Whether a document about a subject can be taken from you, and how it reads.",
        metadata=asks(Audience.STAFF, ANY_STAFF),
    )
    async def check_rule(self, info: ShukeInfo, subject: str, document: JSON) -> RuleCheck:
        rights = rights_here(info.context.rights)
        try:
            rule = check(document, subject, await registry_here(), rights)
        except RuleInvalid as refused:
            problems = [RuleProblem.of(each) for each in refused.facts["problems"]]  # type: ignore[attr-defined]
            return RuleCheck(text_zh=None, text_en=None, problems=problems)
        manner = await manner_here()
        texts = {f"text_{each}": render(rule, each, manner) for each in ("zh", "en")}
        return RuleCheck(**texts, problems=[])

    @strawberry.field(
        description="Why a rule holds for a member or does not: of a document, or of the newest "
        "version of a named rule that is not retired. Refused (RULE_FACTS_TOO_MANY) where it looks at "
        "more than 10,000 facts of the member. Null for a member who is not there or not yours to see.",
        metadata=asks(Audience.STAFF, MEMBERS_READ),
    )
    async def explain_rule(
        self,
        info: ShukeInfo,
        member_id: strawberry.ID,
        document: JSON | None = None,
        rule_id: strawberry.ID | None = None,
    ) -> RuleExplanation | None:
        rights = rights_here(info.context.rights)
        asked = await asked_with(
            MEMBER, rights, document=document, rule_id=given_id(rule_id), masked=True
        )
        found = id_of(member_id)
        rows = await rows_for([asked.rule], asked.registry, [found] if found else [])
        if found not in rows:
            return None
        at, manner = await at_now(), await manner_here()
        why = await asyncio.get_running_loop().run_in_executor(
            _EXPLAINING, explain, asked.rule, rows[found], at, rights, manner
        )
        return RuleExplanation(holds=why.holds is True, reasons=RuleReason.all_of(why))

    @strawberry.field(
        description="The named rules that are not retired, each in its newest version, by name: "
        "all of them, 200 at most.",
        metadata=asks(Audience.STAFF, RULES_READ),
    )
    async def rules(self, info: ShukeInfo) -> list[NamedRule]:
        return await named_rules(info, await stored_rules())

    @strawberry.field(
        description="The versions of a named rule, the newest first, all of them, 200 at most; none "
        "for an id that is not there.",
        metadata=asks(Audience.STAFF, RULES_READ),
    )
    async def rule_versions(self, info: ShukeInfo, id: strawberry.ID) -> list[NamedRule]:
        rule_id = id_of(id)
        return await named_rules(info, await versions_of(rule_id) if rule_id else [])

    @strawberry.field(
        description="A named rule, in its newest version or another one; null if there is none.",
        metadata=asks(Audience.STAFF, RULES_READ),
    )
    async def rule(
        self, info: ShukeInfo, id: strawberry.ID, version: int | None = None
    ) -> NamedRule | None:
        rule_id = id_of(id)
        try:
            stored = await stored_rule(rule_id, version) if rule_id else None
        except RuleUnknown:
            stored = None
        return (await named_rules(info, [stored]))[0] if stored else None


def given_id(rule_id: strawberry.ID | None) -> UUID | None:
    """The id of a named rule, where one is given; what can't be one raises RuleUnknown."""
    if rule_id is None:
        return None
    found = id_of(rule_id)
    if found is None:
        raise RuleUnknown()
    return found

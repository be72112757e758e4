"""Mutations of the staff API about rules: save a named one, change it, retire it."""

from enum import Enum
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.permissions import RULES_MANAGE
from shuke_core.access.rights import FieldClass
from shuke_core.rules.errors import RuleUnknown
from shuke_core.rules.queries import Saved, stored_rule
from shuke_core.rules.services import change_rule, retire_rule, save_rule
from shuke_schema.context import ShukeInfo, id_of, staff_of
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import asks, shows
from shuke_schema.rules.queries import named_rules
from shuke_schema.rules.types import NamedRule


@strawberry.enum(description="Why a rule was not saved or not retired.")
class RuleErrorCode(Enum):
    RULE_INVALID = "RULE_INVALID"
    RULE_NAME_INVALID = "RULE_NAME_INVALID"
    RULE_UNKNOWN = "RULE_UNKNOWN"
    RULE_CHANGED = "RULE_CHANGED"
    RULES_TOO_MANY = "RULES_TOO_MANY"
    RULE_VERSIONS_TOO_MANY = "RULE_VERSIONS_TOO_MANY"


@strawberry.type(description="Why a rule was not saved or not retired.")
class RuleError(Failure[RuleErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class RulePayload:
    rule: NamedRule | None = None
    errors: list[RuleError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    RuleError,
    RuleErrorCode,
    {
        "RULE_INVALID": "document",
        "RULE_NAME_INVALID": "name",
        "RULE_UNKNOWN": "id",
        "RULE_CHANGED": "after",
        "RULE_VERSIONS_TOO_MANY": "document",
    },
)


async def _payload(info: ShukeInfo, saved: Saved | None, errors: list[RuleError]) -> RulePayload:
    if saved is None:
        return RulePayload(errors=errors)
    stored = await stored_rule(saved.rule_id, saved.version)
    return RulePayload(rule=(await named_rules(info, [stored]))[0], errors=errors)


def _known(id: strawberry.ID) -> UUID:
    rule_id = id_of(id)
    if rule_id is None:
        raise RuleUnknown()
    return rule_id


@strawberry.type
class RulesMutation:
    @strawberry.mutation(
        description="Saves a document about a subject under a name, as version 1 of a new rule.",
        metadata=asks(Audience.STAFF, RULES_MANAGE),
    )
    async def save_rule(
        self, info: ShukeInfo, name: str, subject: str, document: JSON
    ) -> RulePayload:
        rights, author = info.context.rights, staff_of(info).id
        saved, errors = await _FAILURES.attempt(
            lambda: save_rule(name, subject, document, rights, author)
        )
        return await _payload(info, saved, errors)

    @strawberry.mutation(
        description="Saves the next version of a rule; `after` is the one that you have seen. "
        "Versions before it stay as they are, and in use.",
        metadata=asks(Audience.STAFF, RULES_MANAGE),
    )
    async def change_rule(
        self, info: ShukeInfo, id: strawberry.ID, after: int, name: str, document: JSON
    ) -> RulePayload:
        rights, author = info.context.rights, staff_of(info).id

        async def act() -> Saved:
            return await change_rule(_known(id), after, name, document, rights, author)

        return await _payload(info, *(await _FAILURES.attempt(act)))

    @strawberry.mutation(
        description="Retires a rule: nothing new is made to use it. Who uses a version goes on.",
        metadata=asks(Audience.STAFF, RULES_MANAGE),
    )
    async def retire_rule(self, info: ShukeInfo, id: strawberry.ID) -> RulePayload:
        async def act() -> Saved:
            rule_id = _known(id)
            await retire_rule(rule_id)
            return Saved(rule_id, (await stored_rule(rule_id)).newest)

        return await _payload(info, *(await _FAILURES.attempt(act)))

"""GraphQL types of rules (规则)."""

from dataclasses import replace
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from shuke_core.access.rights import FieldClass as Class
from shuke_core.access.rights import Rights
from shuke_core.rules.checking import Problem, revive
from shuke_core.rules.declare import RuleFacts as FactsWord
from shuke_core.rules.declare import RuleField as FieldWord
from shuke_core.rules.declare import RuleSubject as SubjectWord
from shuke_core.rules.document import Rule
from shuke_core.rules.errors import RuleInactive
from shuke_core.rules.explanation import Explained, LookedAt
from shuke_core.rules.queries import StoredRule, sees_everything, told_to, usable_by
from shuke_core.rules.registry import Registry, lacking
from shuke_core.rules.rendering import Manner, render
from shuke_core.rules.vocabulary import Op, ValueType
from shuke_schema.context import opaque
from shuke_schema.rights import shows

RuleValueType = strawberry.enum(ValueType, name="RuleValueType", description="What a field holds.")
RuleOperator = strawberry.enum(Op, name="RuleOperator", description="What is asked of a field.")
strawberry.enum(Class, name="FieldClass", description="How closely a field is kept.")


@shows(Class.PUBLIC)
@strawberry.type(description="A kind of thing that rules can be about.")
class RuleSubject:
    key: str
    label_zh: str
    label_en: str

    @classmethod
    def of(cls, word: SubjectWord) -> "RuleSubject":
        return cls(key=word.key, label_zh=word.label["zh"], label_en=word.label["en"])


@shows(Class.PUBLIC)
@strawberry.type(description="A word that a field can be.")
class RuleChoice:
    value: str
    label_zh: str
    label_en: str


@shows(Class.PUBLIC)
@strawberry.type(description="A field that rules can ask for.")
class RuleField:
    key: str
    subject: str
    type: RuleValueType  # type: ignore[valid-type]
    label_zh: str
    label_en: str
    operators: list[RuleOperator]  # type: ignore[valid-type]
    choices: list[RuleChoice] = strawberry.field(description="Empty unless it is a choice.")
    field_class: Class
    owner: str = strawberry.field(description="`core`, or the plugin that brings it.")

    @classmethod
    def of(cls, word: FieldWord, registry: Registry) -> "RuleField":
        return cls(
            key=word.key,
            subject=word.subject,
            type=word.type,
            label_zh=word.label["zh"],
            label_en=word.label["en"],
            operators=list(word.allowed),
            choices=[
                RuleChoice(value=value, label_zh=label["zh"], label_en=label["en"])
                for value, label in word.choices.items()
            ],
            field_class=word.see,
            owner=registry.owners[word.key],
        )


@shows(Class.PUBLIC)
@strawberry.type(description="Facts that rules can count, sum, and find the highest and lowest of.")
class RuleFacts:
    key: str
    subject: str = strawberry.field(description="Whose they are.")
    each: str = strawberry.field(description="The subject that each of them is.")
    label_zh: str
    label_en: str
    happened_at: str | None = strawberry.field(description="The field that says when, if any does.")
    owner: str

    @classmethod
    def of(cls, word: FactsWord, registry: Registry) -> "RuleFacts":
        return cls(
            key=word.key,
            subject=word.subject,
            each=word.each,
            label_zh=word.label["zh"],
            label_en=word.label["en"],
            happened_at=word.when or None,
            owner=registry.owners[word.key],
        )


@shows(Class.PUBLIC)
@strawberry.type(
    description="The words that you can make rules of: what you may see of the tenant's."
)
class RuleVocabulary:
    subjects: list[RuleSubject]
    fields: list[RuleField]
    facts: list[RuleFacts]

    @classmethod
    def of(cls, registry: Registry, rights: Rights) -> "RuleVocabulary":
        fields = registry.visible_fields(rights)
        facts = [
            each for each in registry.facts.values() if each.offered and not lacking(each, rights)
        ]
        used = {each.subject for each in fields}
        return cls(
            subjects=[RuleSubject.of(s) for key, s in registry.subjects.items() if key in used],
            fields=[RuleField.of(each, registry) for each in fields],
            facts=[RuleFacts.of(each, registry) for each in facts],
        )


@shows(Class.PUBLIC)
@strawberry.type(description="One thing that is wrong with a document.")
class RuleProblem:
    code: str
    path: str = strawberry.field(description="Where, from the document: `all[1].value.from`.")
    found: str
    expected: str
    nearest: str | None = strawberry.field(description="What was probably meant.")

    @classmethod
    def of(cls, problem: Problem) -> "RuleProblem":
        return cls(
            code=problem.code,
            path=problem.path,
            found=problem.found,
            expected=problem.expected,
            nearest=problem.nearest,
        )


@shows(Class.PUBLIC)
@strawberry.type(description="Whether a document can be taken, and how it reads.")
class RuleCheck:
    text_zh: str | None = strawberry.field(description="Null where it can't be taken.")
    text_en: str | None
    problems: list[RuleProblem]


@shows(Class.PUBLIC)
@strawberry.type(description="A value that a condition looked at.")
class RuleLookedAt:
    key: str
    label_zh: str
    label_en: str
    shown_zh: str = strawberry.field(description="*** where you may not see it.")
    shown_en: str
    masked: bool

    @classmethod
    def of(cls, found: LookedAt) -> "RuleLookedAt":
        return cls(
            key=found.key,
            label_zh=found.label["zh"],
            label_en=found.label["en"],
            shown_zh=found.shown["zh"],
            shown_en=found.shown["en"],
            masked=found.masked,
        )


@shows(Class.PUBLIC)
@strawberry.type(description="One condition or group of a rule, and whether it holds.")
class RuleReason:
    path: str = strawberry.field(description="Where it stands in the document; empty: all of it.")
    depth: int = strawberry.field(description="0 for the whole rule, 1 for its parts, and so on.")
    text_zh: str
    text_en: str
    holds: bool | None = strawberry.field(description="Null where something it needs is missing.")
    looked_at: list[RuleLookedAt]

    @classmethod
    def all_of(cls, found: Explained, depth: int = 0) -> "list[RuleReason]":
        """It and its parts, outer ones first."""
        reason = cls(
            path=found.path,
            depth=depth,
            text_zh=found.sentence["zh"],
            text_en=found.sentence["en"],
            holds=found.holds,
            looked_at=[RuleLookedAt.of(each) for each in found.looked_at],
        )
        return [reason, *(r for part in found.parts for r in cls.all_of(part, depth + 1))]


@shows(Class.PUBLIC)
@strawberry.type(description="Why a rule holds for a member, or does not.")
class RuleExplanation:
    holds: bool = strawberry.field(description="What is not known does not hold.")
    reasons: list[RuleReason] = strawberry.field(description="The rule, then part by part.")


@shows(Class.PUBLIC)
@strawberry.type(description="A version of a named rule. Versions never change.")
class NamedRule:
    id: strawberry.ID
    name: str
    subject: str
    version: int
    newest: int = strawberry.field(description="The rule's latest version.")
    retired: bool
    saved_at: datetime
    saved_by: str | None
    active: bool = strawberry.field(
        description="False where words of it are gone: it then holds for nobody, and for nobody not."
    )
    inactive_because: list[RuleProblem]
    document: JSON | None = strawberry.field(
        description="Null to who may not see all the fields that it asks for."
    )
    text_zh: str | None = strawberry.field(
        description="Values that you may not see are ***; null without permission for its facts."
    )
    text_en: str | None

    @classmethod
    def of(
        cls, stored: StoredRule, registry: Registry, rights: Rights, manner: Manner
    ) -> "NamedRule":
        rule: Rule | None = None
        problems: tuple[Problem, ...] = ()
        try:
            rule = revive(stored.document, stored.subject, registry)
            visible, told = usable_by(rule, rights), told_to(rule, rights)
        except RuleInactive as gone:
            problems = gone.facts["problems"]  # type: ignore[assignment]
            visible, told = sees_everything(rights), False
        manner = replace(manner, rights=rights)
        return cls(
            id=opaque(stored.id),
            name=stored.name,
            subject=stored.subject,
            version=stored.version,
            newest=stored.newest,
            retired=stored.state == "retired",
            saved_at=stored.saved_at,
            saved_by=stored.saved_by,
            active=rule is not None,
            inactive_because=[RuleProblem.of(each) for each in problems],
            document=stored.document if visible else None,
            text_zh=render(rule, "zh", manner) if rule and told else None,
            text_en=render(rule, "en", manner) if rule and told else None,
        )

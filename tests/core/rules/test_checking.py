"""A document that can't be taken is told where, what was found, and what is expected."""

from typing import Any, cast

import pytest
from tests.core.rules.words import words

from shuke_core.access.rights import EVERY_CLASS, FieldClass, Rights
from shuke_core.rules.checking import MOST_TOLD, Problem, check, revive
from shuke_core.rules.errors import RuleInactive, RuleInvalid
from shuke_core.rules.vocabulary import MOST_DEPTH, MOST_LISTED, MOST_NODES

GENDER = {"field": "member.gender", "op": "present"}
RECENT = {"field": "order.placed_at", "op": "gte", "value": {"ago": 30, "unit": "days"}}


def problems(document: Any, subject: str = "member", rights: Rights | None = None) -> list[str]:
    with pytest.raises(RuleInvalid) as refused:
        check(document, subject, words(), rights)
    return [f"{p.code} {p}" for p in refused.value.facts["problems"]]  # type: ignore[attr-defined]


def field(key: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": key, "op": op, **({"value": value[0]} if value else {})}


SHAPE = "an object with one of all, any, not, field, facts"


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (None, f"RULE_SHAPE the document: found nothing, expected {SHAPE}"),
        ([], f"RULE_SHAPE the document: found a list of 0, expected {SHAPE}"),
        ({}, f"RULE_SHAPE the document: found an empty object, expected {SHAPE}"),
        (
            {"all": [GENDER], "any": []},
            f"RULE_SHAPE the document: found an object with 'all', 'any', expected {SHAPE}",
        ),
        (
            {"all": GENDER},
            "RULE_SHAPE all: found an object with 'field', 'op', expected a list of conditions",
        ),
        (
            {"any": [GENDER, {"not": 3}]},
            f"RULE_SHAPE any[1].not: found 3, expected {SHAPE}",
        ),
        (
            {**GENDER, "vaule": 3},
            "RULE_SHAPE the document: found the key 'vaule', expected nothing but field, op, value; "
            "did you mean 'value'?",
        ),
        (
            field("member.joinedat", "lt"),
            "RULE_FIELD_UNKNOWN field: found 'member.joinedat', expected a field that there is; did you "
            "mean 'member.joined_at'?",
        ),
        (field("region", "eq", "x"), "RULE_FIELD_UNKNOWN field: found 'region', expected a field that "
         "there is; did you mean 'member.region'?"),
        (field("zzz", "eq"), "RULE_FIELD_UNKNOWN field: found 'zzz', expected a field that there is"),
        ({"field": 3, "op": "eq"}, "RULE_FIELD_UNKNOWN field: found 3, expected a field that there is"),
        (
            field("retail.spent", "gt", 3),
            "RULE_FIELD_GONE field: found 'retail.spent' of the plugin 'retail', which is off, expected "
            "a field of the core or of a plugin that is on",
        ),
        (
            field("order.total", "gt", 3),
            "RULE_FIELD_MISPLACED field: found 'order.total', which is of order, expected a field of "
            "member, moment",
        ),
        (
            field("member.gender", "lt", "male"),
            "RULE_OPERATOR_UNKNOWN op: found 'lt', expected for member.gender one of eq, ne, in, not_in, "
            "missing, present",
        ),
        (
            field("member.gender", "eq", "femal"),
            "RULE_VALUE_INVALID value: found 'femal', expected one of female, male, other; did you mean "
            "'female'?",
        ),
        (
            field("member.gender", "in", "male"),
            "RULE_VALUE_INVALID value: found 'male', expected a list of values, as in asks for",
        ),
        (
            field("member.gender", "in", ["male", 3]),
            "RULE_VALUE_INVALID value[1]: found 3, expected one of female, male, other",
        ),
        (
            field("member.points", "gte", 1.5),
            "RULE_VALUE_INVALID value: found 1.5, expected a whole number, at most 1000000000000000",
        ),
        (
            field("member.points", "gte", True),
            "RULE_VALUE_INVALID value: found true, expected a whole number, at most 1000000000000000",
        ),
        (
            field("member.points", "gte", 10**99),
            "RULE_VALUE_INVALID value: found a very large number, expected a whole number, at most "
            "1000000000000000",
        ),
        (
            field("member.name", "eq", "a\0b"),
            r"RULE_VALUE_INVALID value: found 'a\x00b', expected a text without NUL and half characters",
        ),
        (
            field("member.name", "eq", "\ud800"),
            r"RULE_VALUE_INVALID value: found '\\ud800', expected a text without NUL and half characters",
        ),
        (
            field("member.joined_at", "lt", "2026-03-01T08:00:00"),
            "RULE_VALUE_INVALID value: found '2026-03-01T08:00:00', expected a moment with its offset, "
            "such as 2026-03-01T08:00:00+08:00, or a date",
        ),
        (
            field("member.birthday", "lt", {"ago": 3, "unit": "hours"}),
            "RULE_VALUE_INVALID value.unit: found 'hours', expected days, weeks, months or years, "
            "of a date",
        ),
        (
            field("member.joined_at", "lt", {"ago": 3, "unit": "day"}),
            "RULE_VALUE_INVALID value.unit: found 'day', expected one of minutes, hours, days, weeks, "
            "months, years; did you mean 'days'?",
        ),
        (
            field("member.joined_at", "lt", {"ago": -3, "unit": "years"}),
            "RULE_VALUE_INVALID value.ago: found -3, expected a whole number of years from 0 to 99",
        ),
        (
            field("member.joined_at", "between", {"period": "this_moth"}),
            "RULE_VALUE_INVALID value.period: found 'this_moth', expected one of today, yesterday, "
            "this_week, last_week, this_month, last_month, this_quarter, last_quarter, this_year, "
            "last_year; did you mean 'this_month'?",
        ),
        (
            field("member.points", "between", {"from": None}),
            "RULE_VALUE_INVALID value: found an object with 'from', expected an object with \"from\" and "
            '"to", or one of them',
        ),
        (
            field("member.points", "between", {"from": 1, "to": "x"}),
            "RULE_VALUE_INVALID value.to: found 'x', expected a whole number, at most 1000000000000000",
        ),
        (
            {**GENDER, "value": 3},
            "RULE_VALUE_INVALID value: found 3, expected no value with present",
        ),
        (
            field("member.points", "gt", {"field": "member.gender"}),
            "RULE_VALUE_INVALID value.field: found 'member.gender', a choice, expected a number like "
            "member.points",
        ),
        (
            field("member.points", "between", {"field": "member.points"}),
            "RULE_VALUE_INVALID value: found a field, expected a value, as between asks for",
        ),
        (
            {"facts": "member.order", "op": "gte", "value": 1},
            "RULE_FIELD_UNKNOWN facts: found 'member.order', expected facts that there is; did you mean "
            "'member.orders'?",
        ),
        (
            {"facts": "member.accounts", "op": "gte", "value": 1},
            "RULE_FIELD_UNKNOWN facts: found 'member.accounts', expected facts that there is",
        ),
        (
            {"facts": "member.orders", "measure": "avg", "op": "gte", "value": 1},
            "RULE_SHAPE measure: found 'avg', expected one of count, sum, max, min",
        ),
        (
            {"facts": "member.orders", "measure": "sum", "of": "order.source", "op": "eq"},
            "RULE_VALUE_INVALID of: found 'order.source', a text of order, expected a field of order "
            "that is one of decimal, money, number",
        ),
        (
            {"facts": "member.orders", "of": "order.total", "op": "gte", "value": 1},
            "RULE_SHAPE of: found 'order.total', expected nothing: it counts",
        ),
        (
            {"facts": "member.orders", "op": "missing"},
            "RULE_OPERATOR_UNKNOWN op: found 'missing', expected for count of member.orders one of eq, "
            "ne, lt, lte, gt, gte, between",
        ),
        (
            {"facts": "order.lines", "op": "gte", "value": 1},
            "RULE_FIELD_MISPLACED facts: found 'order.lines', which are of order, expected facts of "
            "member, moment",
        ),
        (
            {"facts": "member.orders", "op": "gte", "value": 1, "where": {"all": [RECENT, {"not": {}}]}},
            f"RULE_SHAPE where.all[1].not: found an empty object, expected {SHAPE}",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_exactly(document: Any, told: str) -> None:
    if "member.accounts" in str(document):  # the nearest that there is may be another one
        assert problems(document)[0].startswith(told)
    else:
        assert problems(document) == [told]


def test_all_that_is_wrong_is_told_at_once_up_to_a_bound() -> None:
    bad = field("member.gender", "is", "x")
    assert [p.split(":")[0] for p in problems({"all": [bad, GENDER, bad]})] == [
        "RULE_OPERATOR_UNKNOWN all[0].op",
        "RULE_OPERATOR_UNKNOWN all[2].op",
    ]
    assert len(problems({"all": [bad] * 50})) == MOST_TOLD


def _nested(depth: int) -> dict[str, Any]:
    return GENDER if depth == 1 else {"not": _nested(depth - 1)}


def test_documents_are_bounded() -> None:
    check(_nested(MOST_DEPTH), "member", words(), None)
    assert problems(_nested(MOST_DEPTH + 1))[0].startswith("RULE_TOO_DEEP " + "not." * 7 + "not:")
    check({"all": [GENDER] * (MOST_NODES - 1)}, "member", words(), None)
    assert problems({"all": [GENDER] * MOST_NODES})[0].startswith("RULE_TOO_LARGE")
    check(field("member.region", "in", ["x"] * MOST_LISTED), "member", words(), None)
    assert problems(field("member.region", "in", ["x"] * (MOST_LISTED + 1)))[0].startswith(
        "RULE_VALUE_INVALID"
    )
    assert problems({"all": [field("member.region", "eq", "x" * 200)] * 600})[0].startswith(
        "RULE_TOO_LARGE"
    )
    deep: dict[str, Any] = GENDER
    for _ in range(5_000):
        deep = {"not": deep}
    assert problems(deep)[0].startswith("RULE_TOO_LARGE")
    assert problems({"field": {"x" * 10: GENDER}, "op": [GENDER]}) != []


def test_documents_that_no_encoder_takes_are_bounded_in_all() -> None:
    """Half a character, or a number beyond 64 bits, must not open the way for megabytes beside it."""
    half, huge = "\ud800", 10**60
    for odd in (half, huge):
        assert problems(field("member.region", "eq", odd))[0].startswith("RULE_VALUE_INVALID")
        for large in (
            {"all": [odd, *["x" * 1_000] * 100]},
            {"all": [[odd] * 200] * 200},
            {"all": [odd] + [GENDER] * 3_000},
            {"all": [odd], "x" * 70_000: 1},
            {"all": [odd, 10**70_000]},
            {"all": [[huge] * 1_500] * 2},
        ):
            assert problems(large)[0].startswith("RULE_TOO_LARGE"), large


def _within(outer: str, inner: str) -> dict[str, Any]:
    counted = {"facts": inner, "op": "gte", "value": 1}
    return {"facts": outer, "op": "gte", "value": 1, "where": {"all": [{"not": counted}]}}


def test_within_facts_stand_those_of_the_fact_itself() -> None:
    check(_within("member.orders", "order.lines"), "member", words("retail"), None)
    check(_within("member.orders", "order.lines"), "order", words("retail"), None)
    for outer, inner, each in (
        ("member.orders", "member.orders", "order"),
        ("member.orders", "retail.channels", "order"),
        ("retail.channels", "member.orders", "retail.channel"),
        ("order.lines", "member.orders", "line"),
        ("order.lines", "order.lines", "line"),
    ):
        subject = "order" if outer.startswith("order") else "member"
        with pytest.raises(RuleInvalid) as refused:
            check(_within(outer, inner), subject, words("retail"), None)
        (told,) = cast(Any, refused.value.facts["problems"])
        assert (told.code, told.path) == ("RULE_FACTS_MISPLACED", "where.all[0].not.facts")
        assert told.expected.startswith(f"facts of {each} itself")


def test_a_rule_is_about_something_that_has_rows() -> None:
    for subject in ("moment", "basket", "", "x" * 500):
        assert problems(GENDER, subject)[0].startswith("RULE_SUBJECT_UNKNOWN")
    check({"all": []}, "order", words(), None)


def test_an_author_uses_only_what_they_may_see() -> None:
    born = field("member.birthday", "missing")
    spent = {
        "facts": "member.orders",
        "measure": "sum",
        "of": "order.total",
        "op": "gt",
        "value": 1,
    }
    reads = Rights.of(["members.read"], [])
    assert problems({"all": [GENDER, born, spent]}, rights=reads) == [
        "RULE_FIELD_FORBIDDEN all[1].field: found 'member.birthday', which needs contact, expected a "
        "field that you may see",
        "RULE_FIELD_FORBIDDEN all[2].facts: found 'member.orders', which needs orders.read, expected a "
        "field that you may see",
        "RULE_FIELD_FORBIDDEN all[2].of: found 'order.total', which needs orders.read and money, "
        "expected a field that you may see",
    ]
    check(born, "member", words(), Rights.of(["members.read"], [FieldClass.CONTACT]))
    check(spent, "member", words(), Rights.of(["members.read", "orders.read"], EVERY_CLASS))
    against = field("moment.month", "eq", {"field": "member.birthday_month"})
    assert problems(against, rights=reads)[0].startswith("RULE_FIELD_FORBIDDEN value.field")


def test_what_was_taken_is_inactive_once_a_word_of_it_is_gone() -> None:
    document = {"any": [GENDER, field("retail.spent", "gte", 100)]}
    revive(document, "member", words("retail"))
    with pytest.raises(RuleInactive) as inactive:
        revive(document, "member", words())
    (problem,) = cast(tuple[Problem, ...], inactive.value.facts["problems"])
    assert (problem.code, problem.path) == ("RULE_FIELD_GONE", "any[1].field")
    assert "'retail.spent' of the plugin 'retail', which is off" in str(inactive.value)

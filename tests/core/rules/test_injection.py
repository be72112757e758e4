"""No value of a document ever becomes SQL text: whatever is typed, the condition's text is the same."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.rules.words import AT, words
from tests.support.shop import Shop

from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.rules.checking import check
from shuke_core.rules.errors import RuleInvalid
from shuke_core.rules.in_memory import decide
from shuke_core.rules.in_sql import condition_of
from shuke_core.rules.loading import rows_for

HOSTILE = [
    "' OR '1'='1",
    "'; DROP TABLE member; --",
    "$1",
    "$2::text",
    ":tenant",
    ":rule_0",
    "this.tenant_id",
    "') or true --",
    "\\'; select 1; --",
    "/* x */",
    "E'\\x27'",
    "{}",
    "%s %(x)s",
    "\u2028\u202e王",
    "{0.__class__}",
    "1); delete from member where (1=1",
]
texts = st.sampled_from(HOSTILE) | st.text(max_size=60)
# What every text is made of: words of the declarations, parameters, and nothing that was typed.
_MADE = re.compile(r"([a-z0-9_.,:()<>=\[\]* ]|(?<!-)-|'points')*")


def document(text: str) -> dict[str, Any]:
    """A document in which it stands wherever a text may."""

    def said(key: str, op: str, value: Any) -> dict[str, Any]:
        return {"field": key, "op": op, "value": value}

    lines = {"facts": "order.lines", "op": "gte", "value": 1, "where": said("line.sku", "eq", text)}
    return {
        "any": [
            said("member.name", "eq", text),
            said("member.name", "starts_with", text),
            said("member.region", "in", [text, "x"]),
            said("member.store", "ne", text),
            {"facts": "member.orders", "op": "gte", "value": 2, "where": lines},
            {"not": said("member.name", "not_in", [text])},
        ]
    }


@settings(max_examples=300)
@given(text=texts)
def test_the_text_is_the_same_whatever_is_typed(text: str) -> None:
    try:
        rule = check(document(text), "member", words(), None)
    except RuleInvalid:
        assert "\0" in text or re.search("[\ud800-\udfff]", text)
        return
    made = condition_of(rule, words(), AT)
    plain = condition_of(check(document("x"), "member", words(), None), words(), AT)
    assert made.text == plain.text
    assert _MADE.fullmatch(made.text)
    handed = [each if isinstance(each, list) else [each] for each in made.values.values()]
    assert sum(value == text for values in handed for value in values) >= 6


_WORDS = st.sampled_from(["field", "op", "value", "facts", "where", "of", "measure", "all", "not"])


@settings(max_examples=300)
@given(
    told=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(_WORDS | texts, inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_whatever_json_is_sent_is_a_rule_or_a_refusal_with_reasons(told: Any) -> None:
    try:
        rule = check(told, "member", words("retail"), None)
    except RuleInvalid as refused:
        problems = refused.facts["problems"]
        str(refused).encode()  # what is told can be told
    else:
        problems = None
    if problems is not None:
        assert problems
        return
    assert _MADE.fullmatch(condition_of(rule, words("retail"), AT).text)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.sampled_from(HOSTILE) | st.text(max_size=20).filter(str.isprintable))
async def test_postgresql_compares_it_as_it_is(shop: Shop, text: str) -> None:
    """Only who is called so is found; whoever is called otherwise is not, and nothing is gone."""
    named, other = await shop.member("13800138000"), await shop.member("13900139000")
    async with unit_of_work(shop.tenant_id):
        for member, name in ((named, text), (other, "王小明")):
            await fetch(
                "UPDATE member SET name = $3 WHERE tenant_id = $1 AND id = $2", member, name
            )
        told = {"field": "member.name", "op": "eq", "value": text}
        rule = check(told, "member", words(), None)
        condition, values = condition_of(rule, words(), AT).numbered("m")
        found = await fetch(
            f"SELECT m.id FROM member m WHERE m.tenant_id = $1 AND {condition}", *values
        )
        assert [row["id"] for row in found] == [named]
        rows = await rows_for([rule], words(), [named, other])
        assert [decide(rule, rows[each], AT) for each in (named, other)] == [True, False]

"""The three truths, pinned by hand: missing values, empty lists, groups of nothing; explanations."""

from datetime import timedelta
from typing import Any

import pytest
from tests.core.rules.words import AT, MANNER, NOW, rule_of, words

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.rules.explanation import explain
from shuke_core.rules.in_memory import Truth, decide, holds
from shuke_core.rules.in_sql import condition_of
from shuke_core.rules.rendering import MASK

EVERYTHING = Rights.of(declared_permissions(), EVERY_CLASS)
NAMELESS = {"name": None, "gender": "female", "birthday": None}
ORDERS = {
    "member.orders": [
        {"placed_at": NOW - timedelta(days=1), "completed_at": NOW, "total_fen": 1000},
        {"placed_at": NOW - timedelta(days=31), "completed_at": NOW, "total_fen": 50_000},
    ]
}


def name(op: str, value: Any) -> dict[str, Any]:
    return {"field": "member.name", "op": op, "value": value}


@pytest.mark.parametrize(
    ("document", "truth"),
    [
        (name("eq", "王"), None),
        (name("ne", "王"), None),
        ({"not": name("eq", "王")}, None),
        (name("in", ["王"]), None),
        (name("in", []), False),
        (name("not_in", []), True),
        (name("starts_with", ""), None),
        ({"field": "member.name", "op": "missing"}, True),
        ({"field": "member.name", "op": "present"}, False),
        ({"field": "member.name", "op": "eq", "value": {"field": "member.name"}}, None),
        ({"all": []}, True),
        ({"any": []}, False),
        ({"all": [name("eq", "王"), {"any": []}]}, False),
        ({"all": [name("eq", "王"), {"all": []}]}, None),
        ({"any": [name("eq", "王"), {"all": []}]}, True),
        ({"any": [name("eq", "王"), {"any": []}]}, None),
    ],
)
def test_what_is_missing_is_neither_true_nor_false(document: Any, truth: Truth) -> None:
    rule = rule_of(document)
    assert decide(rule, NAMELESS, AT) is truth
    assert holds(rule, NAMELESS, AT) is (truth is True)
    assert explain(rule, NAMELESS, AT, EVERYTHING, MANNER).holds is truth


def test_facts_that_are_not_known_to_fit_do_not_count() -> None:
    document = {
        "facts": "member.orders",
        "op": "eq",
        "value": 0,
        "where": {"field": "order.store", "op": "ne", "value": "S1"},
    }
    assert (
        decide(
            rule_of(document), {"member.orders": [{"order.to_store": None, "completed_at": AT}]}, AT
        )
        is True
    )


def test_a_column_that_was_not_loaded_is_no_false() -> None:
    with pytest.raises(KeyError):
        decide(rule_of(name("eq", "王")), {}, AT)


def test_an_explanation_tells_each_part_with_what_it_looked_at() -> None:
    recent = {"field": "order.placed_at", "op": "between", "value": {"last": 30, "unit": "days"}}
    document = {
        "any": [
            {"facts": "member.orders", "op": "gte", "value": 2, "where": recent},
            {
                "facts": "member.orders",
                "measure": "sum",
                "of": "order.total",
                "op": "gte",
                "value": 50_000,
            },
            {"not": name("eq", "王")},
        ]
    }
    why = explain(rule_of(document), {**NAMELESS, **ORDERS}, AT, EVERYTHING, MANNER)
    assert why.holds is True
    assert [(p.path, p.holds, p.sentence["zh"]) for p in why.parts] == [
        ("any[0]", False, "近30天至少2笔订单"),
        ("any[1]", True, "累计消费满500元"),
        ("any[2]", None, "非(姓名为“王”)"),
    ]
    assert [[seen.shown["zh"] for seen in part.looked_at] for part in why.parts] == [
        ["1"],
        ["510元"],
        [],
    ]
    (inner,) = why.parts[2].parts
    assert (inner.path, inner.looked_at[0].shown["en"]) == ("any[2].not", "nothing")


def test_an_explanation_masks_what_its_reader_may_not_see() -> None:
    poor = Rights.of(["members.read", "orders.read"], [])
    spent = {
        "facts": "member.orders",
        "measure": "sum",
        "of": "order.total",
        "op": "gt",
        "value": 1,
    }
    dear = {"field": "order.total", "op": "gt", "value": 1000}
    count = {"facts": "member.orders", "op": "eq", "value": 1, "where": dear}
    plain = {"facts": "member.orders", "op": "eq", "value": 2}
    born = {"field": "member.birthday", "op": "missing"}
    document = {"all": [spent, count, plain, born]}
    why = explain(rule_of(document), {**NAMELESS, **ORDERS}, AT, poor, MANNER)
    seen = [part.looked_at[0] for part in why.parts]
    assert [each.shown["zh"] for each in seen] == [MASK, MASK, "2", MASK]
    assert [each.masked for each in seen] == [True, True, False, True]
    assert why.holds is True
    assert [part.sentence["zh"] for part in why.parts] == [
        "累计消费超过***",
        "恰好1笔订单(订单金额超过***)",
        "恰好2笔订单",
        "生日为空",
    ]


def test_whether_there_is_any_is_asked_without_counting() -> None:
    rule = rule_of({"facts": "member.orders", "op": "gte", "value": 1})
    text = condition_of(rule, words(), AT).text
    assert "exists" in text
    assert "count" not in text


class _Counted(dict[str, Any]):
    """A row that counts how often something is read of it."""

    reads = 0

    def __getitem__(self, key: str) -> Any:
        _Counted.reads += 1
        return super().__getitem__(key)


def test_a_rule_looks_at_each_row_once_a_condition_however_facts_are_nested() -> None:
    """Also when it is explained; facts within the same facts were the square of the orders."""
    dear = {"field": "order.total", "op": "gte", "value": 0}
    line = {"field": "line.amount", "op": "gte", "value": 0}
    some = {"facts": "order.lines", "op": "gte", "value": 0, "where": {"all": [line] * 10}}
    rule = rule_of(
        {"facts": "member.orders", "op": "gte", "value": 1, "where": {"all": [dear] * 10 + [some]}}
    )

    def steps(orders: int) -> int:
        lines = [_Counted(id=n, amount_fen=1) for n in range(2)]
        order = _Counted({"id": 1, "total_fen": 1, "completed_at": AT, "order.lines": lines})
        row = _Counted({"id": 1, "member.orders": [order] * orders})
        _Counted.reads = 0
        assert explain(rule, row, AT, Rights(classes=EVERY_CLASS), MANNER).holds is True
        assert decide(rule, row, AT) is True
        return _Counted.reads

    assert steps(5_000) - steps(4_000) == 1_000 * (steps(2) - steps(1))
    assert steps(1_000) < 2 * 1_000 * (10 + 2 * 10 + 5)

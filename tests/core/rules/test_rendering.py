"""How rules read to the merchant, in both languages; the words are pinned."""

from typing import Any

import pytest
from tests.core.rules.words import MANNER, rule_of

from shuke_core.rules.rendering import Manner, render

RECENT = {"field": "order.placed_at", "op": "between", "value": {"last": 30, "unit": "days"}}
SILENT = {"facts": "member.orders", "op": "eq", "value": 0, "where": RECENT}
SPENT = {
    "facts": "member.orders",
    "measure": "sum",
    "of": "order.total",
    "op": "gte",
    "value": 50_000,
}


def field(key: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": key, "op": op, **({"value": value[0]} if value else {})}


@pytest.mark.parametrize(
    ("document", "zh", "en"),
    [
        (
            {"all": [SILENT, SPENT]},
            "近30天未消费 且 累计消费满500元",
            "no purchase in the last 30 days and total spent at least ¥500",
        ),
        (
            {
                "facts": "member.orders",
                "op": "gte",
                "value": 2,
                "where": {
                    "all": [
                        {**RECENT, "value": {"last": 60, "unit": "days"}},
                        field("order.store", "in", ["S1", "S2"]),
                        field("order.total", "gte", 9_950),
                    ]
                },
            },
            "近60天至少2笔订单(门店属于(一店、二店) 且 订单金额满99.50元)",
            "at least 2 orders (store of the order is one of (一店, 二店) and amount at least ¥99.50) "
            "in the last 60 days",
        ),
        (
            {"all": [{"any": [SILENT, field("member.gender", "eq", "female")]}, {"not": SPENT}]},
            "(近30天未消费 或 性别为女) 且 非(累计消费满500元)",
            "(no purchase in the last 30 days or gender is female) and not (total spent at least ¥500)",
        ),
        ({"all": []}, "全部", "everything"),
        ({"any": []}, "无", "nothing"),
        (
            field("member.birthday_month", "eq", {"field": "moment.month"}),
            "生日月份为当前月份",
            "month of birth is the month",
        ),
        (
            field("member.joined_at", "lt", {"ago": 1, "unit": "years"}),
            "入会时间早于1年前",
            "joined before 1 year ago",
        ),
        (
            field("member.joined_at", "between", {"period": "this_month"}),
            "入会时间在本月内",
            "joined within this month",
        ),
        (
            field("member.joined_at", "gte", "2026-03-01T00:00:00Z"),
            "入会时间不早于2026-03-01 08:00",
            "joined no earlier than 2026-03-01 08:00",
        ),
        (
            field("member.points", "between", {"from": 10, "to": 20}),
            "可用积分在10到20之间",
            "points from 10 to 20",
        ),
        (field("member.points", "between", {"to": 20}), "可用积分不超过20", "points at most 20"),
        (field("member.has_phone", "eq", False), "非有手机号", "not: has a phone"),
        (field("member.name", "starts_with", "王"), "姓名以“王”开头", "name starts with “王”"),
        (field("member.name", "missing"), "姓名为空", "name is missing"),
        (
            field("member.region", "in", [f"{n:06}" for n in range(12)]),
            "地区代码属于(" + "、".join(f"“{n:06}”" for n in range(10)) + "等12项)",
            "region code is one of ("
            + ", ".join(f"“{n:06}”" for n in range(10))
            + " and 12 in all)",
        ),
        (
            {"facts": "member.orders", "measure": "max", "of": "order.placed_at", "op": "missing"},
            "订单的最近下单时间为空",
            "latest of the orders by placed is missing",
        ),
        (
            {"facts": "member.orders", "op": "between", "value": {"from": 2, "to": 5}},
            "2到5笔订单",
            "2 to 5 orders",
        ),
    ],
)
def test_it_reads(document: Any, zh: str, en: str) -> None:
    rule = rule_of(document)
    assert (render(rule, "zh", MANNER), render(rule, "en", MANNER)) == (zh, en)


def test_the_order_of_keys_changes_nothing() -> None:
    turned = {"where": RECENT, "value": 0, "op": "eq", "facts": "member.orders"}
    assert render(rule_of(turned), "zh", MANNER) == render(rule_of(SILENT), "zh", MANNER)


def test_another_currency_and_an_unknown_store() -> None:
    manner = Manner(MANNER.zone, "HKD")
    assert render(rule_of(SPENT), "zh", manner) == "累计消费满500 HKD"
    there = field("member.store", "eq", "S9")
    assert render(rule_of(there), "en", manner) == "store is S9"


def test_there_are_two_languages() -> None:
    with pytest.raises(ValueError, match="'fr' is none of zh, en"):
        render(rule_of(SPENT), "fr", MANNER)

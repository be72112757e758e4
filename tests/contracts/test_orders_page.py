"""The page about orders says what there is, and its examples are taken."""

import json
from typing import Any

import pytest
from graphql import build_schema, parse, validate
from tests.contracts.house import codes_in, section, table_rows
from tests.contracts.test_docs import marked, page
from tests.support.shop import Shop

from shuke_core.orders.channels import (
    COUNTER,
    MAY,
    MINI_PROGRAM,
    Saying,
    Teller,
    check_may,
    may,
)
from shuke_core.orders.errors import OrderElsewhere
from shuke_core.orders.life import OrderContradiction, OrderState
from shuke_core.orders.rule_fields import _STATES
from shuke_schema.composition import compose
from shuke_schema.parts import Audience


def test_every_state_and_its_chinese_name_is_on_the_page() -> None:
    listed = [row for row in table_rows(page("orders.md")) if "`" in row[0] and len(row) == 3]
    told = {row[0].replace("`", ""): row[1] for row in listed}
    assert told["PARTLY_REFUNDED REFUNDED"] == "部分退款 已退款"
    alone = {state: told[state.name] for state in OrderState if state.name in told}
    assert set(alone) == set(OrderState) - {OrderState.PARTLY_REFUNDED, OrderState.REFUNDED}
    assert alone == {state: _STATES[state]["zh"] for state in alone}


def test_contradictions_stand_on_the_page_the_gravest_first() -> None:
    part = section(page("orders.md"), "## Any order of arrival")
    assert codes_in(part, 0) == [each.name for each in OrderContradiction]


def test_who_says_what_is_one_table_and_holds() -> None:
    assert {teller for teller, _ in MAY} == set(Teller)
    for (teller, channel), sayings in MAY.items():
        for saying in Saying:
            assert may(teller, channel, saying) is (saying in sayings)
    for teller in (Teller.MEMBER, Teller.STAFF):
        assert not any(may(teller, channel, Saying.PAY) for channel in (MINI_PROGRAM, COUNTER))
        assert not any(may(teller, "till", saying) for saying in Saying)
    assert all(may(Teller.SOURCE, "till", saying, source="till") for saying in Saying)
    assert not any(may(Teller.SOURCE, "till", saying, source="web") for saying in Saying)
    assert not may(Teller.SOURCE, MINI_PROGRAM, Saying.PLACE, source="till")
    with pytest.raises(OrderElsewhere):
        check_may(Teller.STAFF, "till", Saying.CANCEL)


def test_the_documents_of_the_page_fit_their_schemas() -> None:
    for audience, kind, many in (
        (Audience.MEMBER, "member-graphql", 3),
        (Audience.STAFF, "staff-graphql", 2),
    ):
        schema = build_schema(compose(audience, []).as_str())
        documents = marked("orders.md", kind)
        assert [validate(schema, parse(document)) for document in documents] == [[]] * many
        for document in documents:
            assert validate(schema, parse(document.replace("(", "Of(", 2))) != []


async def test_the_tickets_of_an_order_are_taken_in_any_order(shop: Shop) -> None:
    (text,) = marked("integrations.md", "order-tickets")
    tickets: list[dict[str, Any]] = json.loads(text)
    for ticket in reversed(tickets):
        await shop.sold(ticket)
    rows = await shop.rows(
        "SELECT o.state, o.paid_fen, l.discounts FROM orders o JOIN order_line l "
        "ON l.tenant_id = $1 AND l.order_id = o.id WHERE o.tenant_id = $1"
    )
    assert [(row["state"], row["paid_fen"]) for row in rows] == [("completed", 5900)]
    assert json.loads(rows[0]["discounts"]) == {"coupon": 500}

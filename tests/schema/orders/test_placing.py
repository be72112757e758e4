"""An order from the mini-program to the counter, as members and staff see it through the API."""

from typing import Any

import httpx
import pytest
from tests.support.shop import Shop

from shuke_core.catalog.rules import ItemState
from shuke_core.catalog.services import create_item
from shuke_core.kit.transactions import unit_of_work

PHONE, OTHER = "13800138000", "13700137000"
ORDER = """
  id no channel state total { fen } paid { fen } refunded { fen } completedAt
  lines { line sku name quantity amountFen refundedFen refundedQuantity discounts { couponFen } }
  payments { amountFen method } refunds { amountFen lines { line amountFen quantity } }
"""
PLACE = f"""
mutation ($order: NewOrderInput!, $key: String!) {{
  placeOrder(order: $order, idempotencyKey: $key) {{ order {{ {ORDER} }} errors {{ code path message }} }}
}}
"""
CANCEL = "mutation ($id: ID!) { cancelOrder(id: $id) { order { state } errors { code path } } }"
WANTED = {
    "storeCode": "S1",
    "lines": [{"itemCode": "A", "quantity": "2"}, {"itemCode": "B", "quantity": "0.358"}],
    "expectedTotalFen": 4616,
}


async def _shelf(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await create_item("A", "毛巾", 1_950, state=ItemState.ON_SALE)
        await create_item("B", "苹果", 2_000, state=ItemState.ON_SALE)
        await create_item("C", "旧款", 100, state=ItemState.OFF_SALE)


async def ask(
    client: httpx.AsyncClient,
    shop: Shop,
    headers: dict[str, str],
    query: str,
    audience: str = "member",
    **variables: Any,
) -> Any:
    answer = await client.post(
        f"/t/{shop.slug}/{audience}/graphql",
        json={"query": query, "variables": variables},
        headers=headers,
    )
    told = answer.json()
    assert "errors" not in told, told
    (value,) = told["data"].values()
    return value


async def _placed(client: httpx.AsyncClient, shop: Shop, me: dict[str, str]) -> dict[str, Any]:
    told = await ask(client, shop, me, PLACE, order=WANTED, key="k1")
    assert told["errors"] == []
    order: dict[str, Any] = told["order"]
    return order


async def _tills(shop: Shop, order: dict[str, Any], **ticket: Any) -> None:
    """The payment system or the warehouse tells of the order."""
    known = {
        "no": f"W{ticket['kind']}",
        "store": "S1",
        "at": "2099-01-01T00:00:00Z",
        "order": order["no"],
        "channel": "mini-program",
    }
    known["at"] = shop.ticket()["at"]
    await shop.sold({**known, **ticket})


async def test_an_order_is_placed_paid_handed_out_and_counts(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    await _shelf(shop)
    me, staff = await shop.login(PHONE), await shop.staff_login("operator")
    order = await _placed(guarded_client, shop, me)
    assert (order["state"], order["channel"], order["total"]) == (
        "CREATED",
        "mini-program",
        {"fen": 4616},
    )
    assert [
        (line["line"], line["sku"], line["name"], line["quantity"], line["amountFen"])
        for line in order["lines"]
    ] == [(1, "A", "毛巾", "2.000", 3900), (2, "B", "苹果", "0.358", 716)]
    assert await _placed(guarded_client, shop, me) == order  # the same key, the same order

    await _tills(shop, order, kind="payment", amount="46.16", method="wechat")
    told = await ask(
        guarded_client,
        shop,
        me,
        f"query ($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}",
        id=order["id"],
    )
    assert (told["state"], told["payments"]) == ("PAID", [{"amountFen": 4616, "method": "wechat"}])

    for verb, state in (("fulfilOrder", "FULFILLED"), ("completeOrder", "COMPLETED")):
        done = await ask(
            guarded_client, shop, staff,
            f"mutation ($id: ID!) {{ {verb}(id: $id) {{ order {{ state }} errors {{ code }} }} }}",
            "staff", id=order["id"],
        )  # fmt: skip
        assert done == {"order": {"state": state}, "errors": []}
    for _ in range(2):
        await shop.work()
    balance = await ask(guarded_client, shop, me, "{ me { points { balance } } }")
    assert balance == {"points": {"balance": 46}}

    back = await ask(
        guarded_client, shop, staff,
        """mutation ($id: ID!, $lines: [RefundedLineInput!]) {
          refundOrder(id: $id, lines: $lines, reason: "坏了", idempotencyKey: "r1") {
            order { state refunded { fen } version contradiction
                    steps { kind source } refunds { amountFen lines { line amountFen quantity } }
                    lines { refundedFen refundedQuantity } }
            errors { code message } } }""",
        "staff", id=order["id"], lines=[{"line": 1, "amountFen": 1950, "quantity": "1"}],
    )  # fmt: skip
    assert back["errors"] == []
    assert back["order"] == {
        "state": "PARTLY_REFUNDED",
        "refunded": {"fen": 1950},
        "version": 5,
        "contradiction": None,
        "steps": [
            {"kind": "PAYMENT", "source": "till"},
            {"kind": "FULFILMENT", "source": "counter"},
            {"kind": "COMPLETION", "source": "counter"},
        ],
        "refunds": [
            {"amountFen": 1950, "lines": [{"line": 1, "amountFen": 1950, "quantity": "1.000"}]}
        ],
        "lines": [
            {"refundedFen": 1950, "refundedQuantity": "1.000"},
            {"refundedFen": 0, "refundedQuantity": "0.000"},
        ],
    }
    for _ in range(2):
        await shop.work()
    balance = await ask(guarded_client, shop, me, "{ me { points { balance } } }")
    assert balance == {"points": {"balance": 26}}
    assert (await shop.verified()).found == ()


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"storeCode": "S9"}, "STORE_UNKNOWN", ["storeCode"]),
        ({"lines": [{"itemCode": "C"}]}, "ITEM_NOT_ON_SALE", ["lines"]),
        ({"lines": [{"itemCode": "Z"}]}, "ITEM_NOT_ON_SALE", ["lines"]),
        ({"lines": []}, "ORDER_INVALID", []),
        ({"lines": [{"itemCode": "A"}] * 101}, "ORDER_INVALID", []),
        ({"lines": [{"itemCode": "A", "quantity": "0"}]}, "ORDER_INVALID", []),
        ({"lines": [{"itemCode": "A", "quantity": "-1"}]}, "ORDER_INVALID", []),
        ({"lines": [{"itemCode": "A", "quantity": "0.0001"}]}, "ORDER_INVALID", []),
        ({"lines": [{"itemCode": "A", "quantity": "1e9"}]}, "ORDER_INVALID", []),
        ({"lines": [{"itemCode": "A", "quantity": "NaN"}]}, "ORDER_INVALID", []),
        ({"expectedTotalFen": 4615}, "PRICE_CHANGED", ["expectedTotalFen"]),
    ],
)
async def test_what_can_not_be_ordered_is_refused_and_nothing_is_there(
    guarded_client: httpx.AsyncClient,
    shop: Shop,
    change: dict[str, Any],
    code: str,
    path: list[str],
) -> None:
    await _shelf(shop)
    me = await shop.login(PHONE)
    told = await ask(guarded_client, shop, me, PLACE, order=WANTED | change, key="k1")
    assert told["order"] is None
    assert [(e["code"], e["path"]) for e in told["errors"]] == [(code, path)]
    assert await shop.rows("SELECT id FROM orders WHERE tenant_id = $1") == []


async def test_members_cancel_their_own_while_nothing_is_paid(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    await _shelf(shop)
    me, other = await shop.login(PHONE), await shop.login(OTHER)
    order = await _placed(guarded_client, shop, me)
    see = "query ($id: ID!) { order(id: $id) { state } }"
    assert await ask(guarded_client, shop, other, see, id=order["id"]) is None
    refused = await ask(guarded_client, shop, other, CANCEL, id=order["id"])
    assert refused["errors"] == [{"code": "ORDER_UNKNOWN", "path": ["id"]}]
    assert await ask(guarded_client, shop, me, CANCEL, id=order["id"]) == {
        "order": {"state": "CANCELLED"},
        "errors": [],
    }
    again = await ask(guarded_client, shop, me, CANCEL, id=order["id"])
    assert again["errors"] == [{"code": "ORDER_STATE_REFUSED", "path": []}]
    # The payment was on its way: it is kept, and staff see that it is owed.
    await _tills(shop, order, kind="payment", amount="46.16")
    staff = await shop.staff_login("operator")
    listed = await ask(
        guarded_client, shop, staff,
        "{ orders(contradicting: true) { edges { node { state contradiction paid { fen } } } } }",
        "staff",
    )  # fmt: skip
    assert listed == {
        "edges": [
            {
                "node": {
                    "state": "CANCELLED",
                    "contradiction": "CANCELLED_BUT_PAID",
                    "paid": {"fen": 4616},
                }
            }
        ]
    }


async def test_what_is_paid_or_a_tills_members_do_not_cancel(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    await _shelf(shop)
    me = await shop.login(PHONE)
    order = await _placed(guarded_client, shop, me)
    await _tills(shop, order, kind="payment", amount="1.00")
    refused = await ask(guarded_client, shop, me, CANCEL, id=order["id"])
    assert refused["errors"] == [{"code": "ORDER_STATE_REFUSED", "path": []}]
    await shop.sold(shop.ticket(no="T-9", phone=PHONE))
    rows = await shop.rows("SELECT id FROM orders WHERE tenant_id = $1 AND source = 'till'")
    refused = await ask(guarded_client, shop, me, CANCEL, id=str(rows[0]["id"]))
    assert refused["errors"] == [{"code": "ORDER_ELSEWHERE", "path": []}]


async def test_staff_leave_outside_orders_to_their_systems(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(shop.ticket(no="T-9"))
    staff = await shop.staff_login("operator")
    (order,) = await ask(
        client, shop, staff, '{ ordersByNo(no: "T-9", channel: "till") { id state } }', "staff"
    )
    for document in (
        "mutation ($id: ID!) { fulfilOrder(id: $id) { errors { code } } }",
        'mutation ($id: ID!) { cancelOrder(id: $id, reason: "x") { errors { code } } }',
        'mutation ($id: ID!) { refundOrder(id: $id, reason: "x", amountFen: 1, '
        'idempotencyKey: "k") { errors { code } } }',
    ):
        told = await ask(client, shop, staff, document, "staff", id=order["id"])
        assert told == {"errors": [{"code": "ORDER_ELSEWHERE"}]}


async def test_refunds_by_staff_stay_within_what_was_paid(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await _shelf(shop)
    staff = await shop.staff_login("operator")
    placed = await ask(
        client, shop, staff,
        """mutation ($order: NewOrderInput!) {
          createOrder(order: $order, idempotencyKey: "c1") {
            order { id no channel } errors { code } } }""",
        "staff", order=WANTED,
    )  # fmt: skip
    order = placed["order"]
    assert order["channel"] == "counter"
    refund = """mutation ($id: ID!, $fen: Long, $lines: [RefundedLineInput!], $key: String!) {
      refundOrder(id: $id, reason: "x", amountFen: $fen, lines: $lines, idempotencyKey: $key) {
        order { refunded { fen } } errors { code } } }"""

    async def refused(**asked: Any) -> list[str]:
        told = await ask(client, shop, staff, refund, "staff", id=order["id"], **asked)
        return [error["code"] for error in told["errors"]]

    assert await refused(fen=1, key="1") == ["REFUND_TOO_MUCH"]  # nothing is paid yet
    await _tills(shop, order, kind="payment", amount="46.16", channel="counter")
    line = {"line": 2, "amountFen": 716}
    assert await refused(fen=4617, key="2") == ["REFUND_TOO_MUCH"]
    assert await refused(lines=[line | {"amountFen": 717}], key="3") == ["REFUND_TOO_MUCH"]
    assert await refused(lines=[line | {"quantity": "0.359"}], key="4") == ["ORDER_INVALID"]
    assert await refused(lines=[line | {"quantity": "NaN"}], key="12") == ["ORDER_INVALID"]
    assert await refused(lines=[line | {"line": 3}], key="5") == ["ORDER_INVALID"]
    assert await refused(lines=[line, line], key="6") == ["ORDER_INVALID"]
    assert await refused(fen=700, lines=[line], key="7") == ["ORDER_INVALID"]
    assert await refused(fen=0, key="8") == ["ORDER_INVALID"]
    assert await refused(key="9") == ["ORDER_INVALID"]
    assert await refused(lines=[line], key="10") == []
    assert await refused(lines=[line], key="10") == []  # the same key: nothing more is given back
    assert await refused(lines=[line], key="11") == ["REFUND_TOO_MUCH"]
    rows = await shop.rows("SELECT refunded_fen FROM orders WHERE tenant_id = $1")
    assert rows == [{"refunded_fen": 716}]

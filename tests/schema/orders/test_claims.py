"""A member claims an order by its receipt, as the mini-program does it."""

from typing import Any

import httpx
from tests.core.wechat.people import visitor
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.services import issue_token

PHONE, OTHER = "13800138000", "13700137000"
CODE = "7KQ2-MNB4-XW9P"
CLAIM = """
mutation ($receipt: String!) {
  claimOrder(receipt: $receipt) { order { no total { fen } store { code } } errors { code path } }
}
"""


async def _claim(
    client: httpx.AsyncClient, shop: Shop, headers: dict[str, str], receipt: str = CODE
) -> dict[str, Any]:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": CLAIM, "variables": {"receipt": receipt}},
        headers=headers,
    )
    told: dict[str, Any] = answer.json()["data"]["claimOrder"]
    return told


async def test_an_order_is_claimed_seen_and_refused_to_others(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(shop.ticket(no="T-9", receipt=CODE, total="12.50"))
    mine, others = await shop.login(PHONE), await shop.login(OTHER)
    unknown = await _claim(guarded_client, shop, mine, "7KQ2-MNB4-XW9Q")
    assert unknown == {"order": None, "errors": [{"code": "RECEIPT_UNKNOWN", "path": ["receipt"]}]}
    for _ in range(2):
        claimed = await _claim(guarded_client, shop, mine)
        order = {"no": "T-9", "total": {"fen": 1250}, "store": {"code": "S1"}}
        assert claimed == {"order": order, "errors": []}
    refused = await _claim(guarded_client, shop, others)
    assert refused == {"order": None, "errors": [{"code": "ORDER_CLAIMED", "path": ["receipt"]}]}
    for _ in range(2):
        await shop.work()
    seen = await guarded_client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": "{ me { points { balance } orders { edges { node { no } } } } }"},
        headers=mine,
    )
    assert seen.json()["data"]["me"] == {
        "points": {"balance": 12},
        "orders": {"edges": [{"node": {"no": "T-9"}}]},
    }


async def test_a_visitor_binds_a_phone_first(guarded_client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.sold(shop.ticket(receipt=CODE))
    visitor_id = await visitor(shop)
    async with unit_of_work(shop.tenant_id):
        token = await issue_token(visitor_id)
    refused = await _claim(guarded_client, shop, {"authorization": f"Bearer {token}"})
    assert refused == {"order": None, "errors": [{"code": "MEMBER_UNKNOWN", "path": []}]}

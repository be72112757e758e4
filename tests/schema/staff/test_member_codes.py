"""A member shows a code, a till redeems it."""

from typing import Any

import httpx
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

PHONE = "13800138000"
REDEEM = """
mutation ($code: String!) {
  redeemMemberCode(code: $code) { member { cardNo maskedPhone } errors { code path } }
}
"""


async def _shown(client: httpx.AsyncClient, shop: Shop, headers: dict[str, str]) -> Any:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": "mutation { newMemberCode { text expiresAt } }"},
        headers=headers,
    )
    return answer.json()


async def test_a_code_is_shown_and_redeemed_once(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.member(PHONE)
    body = await _shown(guarded_client, shop, await shop.login(PHONE))
    code = body["data"]["newMemberCode"]["text"]
    asked = await data(guarded_client, shop, REDEEM, "clerk", code=code)
    assert asked["redeemMemberCode"]["errors"] == []
    assert asked["redeemMemberCode"]["member"]["maskedPhone"] == "138****8000"
    for text, wrong in ((code, "MEMBER_CODE_USED"), ("SKM.x", "MEMBER_CODE_INVALID")):
        asked = await data(guarded_client, shop, REDEEM, "clerk", code=text)
        refused = {"member": None, "errors": [{"code": wrong, "path": ["code"]}]}
        assert asked["redeemMemberCode"] == refused


async def test_a_visitor_has_none(guarded_client: httpx.AsyncClient, shop: Shop) -> None:
    assert code_of(await _shown(guarded_client, shop, {})) == "TOKEN_INVALID"


async def test_without_bounds_nobody_may_try(client: httpx.AsyncClient, shop: Shop) -> None:
    """The app without Redis can't count: what could be guessed at is not answered."""
    assert "errors" in await ask(client, shop, REDEEM, "clerk", code="SKM.x")

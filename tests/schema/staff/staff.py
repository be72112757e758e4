"""Asking the staff API as somebody in a role."""

from typing import Any

import httpx
from tests.support.shop import Shop


async def ask(
    client: httpx.AsyncClient,
    shop: Shop,
    document: str,
    role: str | None = "admin",
    **variables: Any,
) -> dict[str, Any]:
    """The answer's body; `role` None: without a token."""
    answer = await client.post(
        f"/t/{shop.slug}/staff/graphql",
        json={"query": document, "variables": variables},
        headers=await shop.staff_login(role) if role else {},
    )
    body: dict[str, Any] = answer.json()
    return body


async def data(
    client: httpx.AsyncClient, shop: Shop, document: str, role: str = "admin", **variables: Any
) -> Any:
    """The data of an answer without errors."""
    body = await ask(client, shop, document, role, **variables)
    assert "errors" not in body, body["errors"]
    return body["data"]


def code_of(body: dict[str, Any]) -> str:
    """The code of the first error."""
    return str(body["errors"][0]["extensions"]["code"])

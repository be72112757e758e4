"""The peer's page of members, as staff see it: how it is asked, and its answer in the form of ours.

It has no condition on the state of members, which has no index; all of the suite's are active.
"""

from typing import Any

import orjson

from benchmarks.data import Shop
from benchmarks.load import post
from benchmarks.peer import moment

_DOCUMENT = """
query Members($tenant: UUID!) {
  members: allMembers(
    first: 50, condition: {tenantId: $tenant},
    orderBy: [JOINED_AT_DESC, ROW_ID_DESC]
  ) {
    nodes {
      rowId cardNo name phoneMasked joinedAt
      accounts: ledgerAccountsByTenantIdAndMemberId(condition: {asset: "points"}, first: 1) {
        nodes { balance debt }
      }
      orders: ordersByTenantIdAndMemberId(first: 3, orderBy: [PLACED_AT_DESC, ROW_ID_DESC]) {
        nodes {
          externalNo state store: storeByTenantIdAndStoreId { code name } placedAt
          totalFen currency
        }
      }
    }
    pageInfo { hasNextPage }
  }
}
"""


def request(shop: Shop) -> bytes:
    """It asks for the shop's first page."""
    body = orjson.dumps({"query": _DOCUMENT, "variables": {"tenant": str(shop.tenant_id)}})
    return post("/graphql", {"x-tenant": str(shop.tenant_id)}, body)


def as_list(answer: dict[str, Any]) -> dict[str, Any]:
    """Its answer in the form of ours."""
    members = answer["data"]["members"]
    return {
        "edges": [{"node": _member(node)} for node in members["nodes"]],
        "pageInfo": members["pageInfo"],
    }


def _member(node: dict[str, Any]) -> dict[str, Any]:
    (account,) = node["accounts"]["nodes"]
    return {
        "id": node["rowId"],
        "cardNo": node["cardNo"],
        "name": node["name"],
        "maskedPhone": node["phoneMasked"],
        "joinedAt": moment(node["joinedAt"]),
        "points": {"balance": int(account["balance"]), "debt": int(account["debt"])},
        "orders": {"edges": [{"node": _order(order)} for order in node["orders"]["nodes"]]},
    }


def _order(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "no": node["externalNo"],
        "state": node["state"].upper(),
        "store": node["store"],
        "paidAt": moment(node["placedAt"]),
        "total": {"fen": int(node["totalFen"]), "currency": node["currency"]},
    }

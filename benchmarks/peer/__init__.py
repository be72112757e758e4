"""The peer of the row `read`, PostGraphile 5: how it is installed, asked and compared.

It has the same tables, role and row security, a tenant by its own means (pgSettings), and the same
page: what is no plain column is a SQL function, as its users write them. Whose token it is it does
not have to find out: it is told the member.
"""

import json
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from benchmarks.data import Shop
from benchmarks.load import post
from benchmarks.node import NODE, NPM
from benchmarks.servers import Stand
from shuke_core.database.config import credentials
from shuke_schema.demo.processes import HOST

HERE = Path(__file__).parent
POOL = 8

_FUNCTIONS = """
CREATE OR REPLACE FUNCTION ledger_account_balance(a ledger_account) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT a.available - coalesce((
        SELECT sum(l.remaining) FROM ledger_lot l
         WHERE l.tenant_id = a.tenant_id AND l.account_id = a.id AND l.remaining > 0
           AND (l.expires_at <= now() OR l.opens_at > now())), 0)::bigint
$$;
CREATE OR REPLACE FUNCTION ledger_account_expiring(a ledger_account) RETURNS SETOF ledger_lot
LANGUAGE sql STABLE ROWS 5 AS $$
    SELECT l.* FROM ledger_lot l
     WHERE l.tenant_id = a.tenant_id AND l.account_id = a.id AND l.remaining > 0
       AND l.expires_at > now() AND l.expires_at <= now() + interval '30 days'
     ORDER BY l.expires_at, l.id LIMIT 50
$$;
GRANT EXECUTE ON FUNCTION ledger_account_balance, ledger_account_expiring TO shuke_app;
-- It calls every id rowId: a column of that name must have another one there.
COMMENT ON COLUMN merge_move.row_id IS '@name moved_row_id';
"""

DOCUMENT = """
query Membership($tenant: UUID!, $member: UUID!) {
  me: memberByTenantIdAndRowId(tenantId: $tenant, rowId: $member) {
    cardNo phoneMasked joinedAt
    accounts: ledgerAccountsByTenantIdAndMemberId(condition: {asset: "points"}, first: 1) {
      nodes {
        balance debt
        expiring { nodes { remaining expiresAt } }
        entries: ledgerEntriesByTenantIdAndAccountId(
          first: 10, orderBy: [HAPPENED_AT_DESC, ROW_ID_DESC]
        ) {
          nodes { rowId kind amount happenedAt } pageInfo { hasNextPage }
        }
      }
    }
    orders: ordersByTenantIdAndMemberId(first: 10, orderBy: [PLACED_AT_DESC, ROW_ID_DESC]) {
      nodes {
        rowId externalNo state store: storeByTenantIdAndStoreId { code name } placedAt
        totalFen refundedFen currency
      }
      pageInfo { hasNextPage }
    }
  }
}
"""


class PeerMissing(Exception):
    """The peer can't be installed or started here; the text says why."""


def install() -> Path:
    """A folder outside of the checkout with the pinned peer in it; raises PeerMissing."""
    pins = json.loads((HERE / "package.json").read_text())["dependencies"]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "shuke" / "-".join(f"{name}-{version}" for name, version in pins.items())
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "server.mjs"):
        shutil.copy(HERE / name, folder)
    if not (folder / "node_modules" / "postgraphile").exists():
        words = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        path = f"{NPM.parent}{os.pathsep}{os.environ['PATH']}"
        try:
            done = subprocess.run(
                [NPM, *words],
                cwd=folder,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise PeerMissing(f"npm does not run: {fault}") from None
        if done.returncode != 0:
            raise PeerMissing(f"npm can't install it: {done.stderr[-300:]}")
    return folder


async def prepare(here: Stand) -> None:
    """The SQL functions that it needs beside the tables."""
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        await owner.execute(_FUNCTIONS)
    finally:
        await owner.close()


def command(folder: Path, here: Stand, port: int) -> tuple[list[str], dict[str, str]]:
    """What starts it, and the environment for that."""
    place = credentials(here.places.app_dsn)
    environment = {
        **os.environ,
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "PGHOST": str(place["host"]),
        "PGPORT": str(place["port"]),
        "PGUSER": str(place["user"]),
        "PGDATABASE": str(place["database"]),
    }
    return [str(NODE), str(folder / "server.mjs"), HOST, str(port), str(POOL)], environment


def request(shop: Shop, number: int) -> bytes:
    """It asks for that member's page."""
    variables = {"tenant": str(shop.tenant_id), "member": str(shop.member(number))}
    body = orjson.dumps({"query": DOCUMENT, "variables": variables})
    return post("/graphql", {"x-tenant": str(shop.tenant_id)}, body)


def as_page(answer: dict[str, Any]) -> dict[str, Any]:
    """Its answer in the form of ours."""
    me = answer["data"]["me"]
    (account,) = me["accounts"]["nodes"]
    orders = me["orders"]
    return {
        "cardNo": me["cardNo"],
        "maskedPhone": me["phoneMasked"],
        "joinedAt": moment(me["joinedAt"]),
        "points": {
            "balance": int(account["balance"]),
            "debt": int(account["debt"]),
            "expiringSoon": [
                {"points": int(lot["remaining"]), "expiresAt": moment(lot["expiresAt"])}
                for lot in account["expiring"]["nodes"]
            ],
            "entries": {
                "edges": [{"node": _entry(node)} for node in account["entries"]["nodes"]],
                "pageInfo": account["entries"]["pageInfo"],
            },
        },
        "orders": {
            "edges": [{"node": _order(node)} for node in orders["nodes"]],
            "pageInfo": orders["pageInfo"],
        },
    }


def _entry(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": node["rowId"],
        "kind": node["kind"].upper(),
        "points": int(node["amount"]),
        "at": moment(node["happenedAt"]),
    }


def _order(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": node["rowId"],
        "no": node["externalNo"],
        "state": node["state"].upper(),
        "store": node["store"],
        "paidAt": moment(node["placedAt"]),
        "total": {"fen": int(node["totalFen"]), "currency": node["currency"]},
        "refunded": {"fen": int(node["refundedFen"]), "currency": node["currency"]},
    }


def moment(text: str) -> str:
    """A time in the form of ours."""
    return datetime.fromisoformat(text).isoformat()

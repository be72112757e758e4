"""The limit of the rows `read`, `membership` and `staff.list`: bare endpoints, one statement each.

`python -m benchmarks.bare DSN PORT`. The same role, the same row security, the same pool size, the
same server settings as the product's web process, and nothing of the product in between.
"""

import gc
import hashlib
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.bare_list import FIRST_PAGE, LATER_PAGE
from benchmarks.bare_membership import membership
from shuke_core.database.config import credentials
from shuke_schema.demo.processes import HOST

POOL = 8

PAGE = """
SELECT json_build_object('data', json_build_object('me', json_build_object(
    'cardNo', m.card_no, 'maskedPhone', m.phone_masked, 'joinedAt', m.joined_at,
    'points', json_build_object(
        'balance', coalesce(a.available, 0) - coalesce((
            SELECT sum(l.remaining) FROM ledger_lot l
             WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.remaining > 0
               AND (l.expires_at <= now() OR l.opens_at > now())), 0),
        'debt', coalesce(a.debt, 0),
        'expiringSoon', coalesce((
            SELECT json_agg(json_build_object('points', l.remaining, 'expiresAt', l.expires_at)
                            ORDER BY l.expires_at, l.id)
              FROM (SELECT id, remaining, expires_at FROM ledger_lot
                     WHERE tenant_id = $1 AND account_id = a.id AND remaining > 0
                       AND expires_at > now() AND expires_at <= now() + interval '30 days'
                     ORDER BY expires_at, id LIMIT 50) l), '[]'),
        'entries', (
            SELECT json_build_object(
                'edges', coalesce(json_agg(json_build_object('node', json_build_object(
                    'id', e.id, 'kind', upper(e.kind), 'points', e.amount, 'at', e.happened_at))
                    ORDER BY e.nth) FILTER (WHERE e.nth <= 10), '[]'),
                'pageInfo', json_build_object('hasNextPage', count(*) > 10))
              FROM (SELECT id, kind, amount, happened_at,
                           row_number() OVER (ORDER BY happened_at DESC, id DESC) AS nth
                      FROM ledger_entry WHERE tenant_id = $1 AND account_id = a.id
                     ORDER BY happened_at DESC, id DESC LIMIT 11) e)),
    'orders', (
        SELECT json_build_object(
            'edges', coalesce(json_agg(json_build_object('node', json_build_object(
                'id', o.id, 'no', o.external_no, 'state', upper(o.state),
                'store', json_build_object('code', o.code, 'name', o.name),
                'paidAt', o.placed_at,
                'total', json_build_object('fen', o.total_fen, 'currency', o.currency),
                'refunded', json_build_object('fen', o.refunded_fen, 'currency', o.currency)))
                ORDER BY o.nth) FILTER (WHERE o.nth <= 10), '[]'),
            'pageInfo', json_build_object('hasNextPage', count(*) > 10))
          FROM (SELECT r.id, r.external_no, r.state, r.placed_at, r.total_fen, r.refunded_fen,
                       r.currency, s.code, s.name,
                       row_number() OVER (ORDER BY r.placed_at DESC, r.id DESC) AS nth
                  FROM orders r JOIN store s ON s.tenant_id = $1 AND s.id = r.store_id
                 WHERE r.tenant_id = $1 AND r.member_id = m.id
                 ORDER BY r.placed_at DESC, r.id DESC LIMIT 11) o)
)))::text
  FROM member_token t
  JOIN member m ON m.tenant_id = $1 AND m.id = t.member_id AND m.state = 'active'
  LEFT JOIN ledger_account a
    ON a.tenant_id = $1 AND a.member_id = m.id AND a.asset = 'points'
 WHERE t.tenant_id = $1 AND t.digest = $2 AND t.revoked_at IS NULL AND t.expires_at > now()
"""


MEMBERSHIP = membership(PAGE)


class _Sessionless(asyncpg.Connection):  # type: ignore[misc]
    """As the product's: no session state, so nothing to reset when a connection is given back."""

    def get_reset_query(self) -> str:
        return ""


def _app(pool: asyncpg.Pool, tenants: dict[str, Any]) -> Starlette:
    async def healthz(_: Request) -> Response:
        return Response(b"{}")

    async def answer(request: Request, statement: str, *keys: object) -> Response:
        tenant_id = tenants[request.path_params["tenant"]]
        token = request.headers["authorization"].removeprefix("Bearer ")
        digest = hashlib.sha256(token.encode()).digest()
        async with pool.acquire() as connection:
            await connection.execute(f"BEGIN; SET LOCAL shuke.tenant_id = '{tenant_id}'")
            body = await connection.fetchval(statement, tenant_id, digest, *keys)
            await connection.execute("COMMIT")
        return Response(body, media_type="application/json")

    async def page(request: Request) -> Response:
        await request.body()
        return await answer(request, PAGE)

    async def with_campaigns(request: Request) -> Response:
        await request.body()
        return await answer(request, MEMBERSHIP)

    async def members(request: Request) -> Response:
        after = orjson.loads(await request.body())
        if not after:
            return await answer(request, FIRST_PAGE)
        keys = datetime.fromisoformat(after["at"]), UUID(after["id"])
        return await answer(request, LATER_PAGE, *keys)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/t/{tenant}/me", page, methods=["POST"]),
            Route("/t/{tenant}/membership", with_campaigns, methods=["POST"]),
            Route("/t/{tenant}/members", members, methods=["POST"]),
        ]
    )


async def _serve(dsn: str, port: int) -> None:
    pool = await asyncpg.create_pool(
        **credentials(dsn),
        min_size=1,
        max_size=POOL,
        connection_class=_Sessionless,
        server_settings={"timezone": "UTC"},
    )
    tenants = {row["slug"]: row["id"] for row in await pool.fetch("SELECT slug, id FROM tenant")}
    config = uvicorn.Config(
        _app(pool, tenants),
        host=HOST,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
    )
    gc.collect()
    gc.freeze()
    try:
        await uvicorn.Server(config).serve()
    finally:
        await pool.close()


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], int(sys.argv[2])))

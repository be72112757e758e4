"""The limit of the rows `read` and `staff.list`: bare endpoints around one hand-written statement.

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


# The same, and beside the page what the member may have and what runs. Campaigns of this suite are for
# everyone: nothing is decided of them outside SQL.
CAMPAIGNS = PAGE.replace(
    "\n)))::text",
    """,
    'benefits', (
        SELECT coalesce(json_agg(json_build_object(
            'kind', b.kind, 'ref', b.ref, 'nameZh', b.name, 'state', b.state, 'amount', b.amount,
            'timesLeft', b.times_left, 'until', b.until) ORDER BY b.place, b.until, b.ref), '[]')
          FROM (SELECT 1 AS place, 'points' AS kind, NULL AS ref, '可用积分' AS name,
                       'AVAILABLE' AS state, h.amount, NULL::int8 AS times_left,
                       NULL::timestamptz AS until
                  FROM (SELECT coalesce(a.available, 0) - coalesce((
                               SELECT sum(l.remaining) FROM ledger_lot l
                                WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.remaining > 0
                                  AND (l.expires_at <= now() OR l.opens_at > now())), 0)) h(amount)
                 WHERE h.amount > 0
                UNION ALL
                (SELECT 2, 'points', NULL, '即将过期的积分', 'EXPIRING', sum(l.remaining), NULL,
                        l.expires_at
                   FROM ledger_lot l
                  WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.remaining > 0
                    AND l.opens_at <= now() AND l.expires_at > now()
                    AND l.expires_at <= now() + interval '30 days'
                  GROUP BY l.expires_at ORDER BY l.expires_at LIMIT 5)
                UNION ALL
                SELECT 3, 'campaign', c.id::text, c.name_zh,
                       CASE WHEN c.times < c.per_member THEN 'JOINABLE' ELSE 'JOINED' END,
                       nullif(c.reward_points, 0), c.places - c.joined, c.ends_at FROM running c) b)
), 'campaigns', (
    SELECT coalesce(json_agg(json_build_object(
        'id', c.id, 'nameZh', c.name_zh, 'endsAt', c.ends_at, 'left', c.places - c.joined,
        'rewardPoints', c.reward_points, 'joinable', c.times < c.per_member,
        'timesJoined', c.times) ORDER BY c.ends_at, c.id), '[]') FROM running c)))::text""",
).replace(
    "\nSELECT json_build_object('data'",
    """
WITH running AS (
    SELECT c.id, c.name_zh, c.ends_at, c.places, c.joined, c.reward_points, c.per_member,
           coalesce((SELECT sum(p.times) FROM campaign_participation p
                       JOIN member_token t ON t.tenant_id = $1 AND t.digest = $2
                      WHERE p.tenant_id = $1 AND p.campaign_id = c.id AND p.kind = 'joined'
                        AND p.member_id = t.member_id), 0) AS times
      FROM campaign c
     WHERE c.tenant_id = $1 AND c.state = 'approved' AND c.starts_at <= now() AND c.ends_at > now()
)
SELECT json_build_object('data'""",
)


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

    async def campaigns(request: Request) -> Response:
        await request.body()
        return await answer(request, CAMPAIGNS)

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
            Route("/t/{tenant}/campaigns", campaigns, methods=["POST"]),
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

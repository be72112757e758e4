"""The seeded data: tenants through the product's services, their members' years in bulk SQL.

Everything but the tenants' own ids follows from the seed. The books balance: each member has
twelve orders, an entry and an untouched lot for each, and an account with their sum.
"""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import asyncpg

from benchmarks.servers import Effort, Stand
from shuke_core.database.config import credentials
from shuke_core.integrations.services import add_integration
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.points.services import rule_in_force, set_earning_rule
from shuke_core.tenants.services import add_store, open_tenant, register_tenant

SEED = 20_260
ORDERS_A_MEMBER = 12
STORES = 5
FILLED = ("member", "member_token", "ledger_account", "ledger_entry", "ledger_lot", "orders")

# Ids grow with time, as the product's do; the tail makes them unique.
_ID_AT = """
CREATE OR REPLACE FUNCTION pg_temp.id_at(moment timestamptz, what text) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
            || '7000' || '8' || substr(md5(what), 1, 15))::uuid
$$
"""

_FILL = """
CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT n, ('{prefix}' || lpad(to_hex(n), 12, '0'))::uuid AS id,
       pg_temp.id_at(date_trunc('hour', now()), 'account {tag} ' || n) AS account
  FROM generate_series(1, {members}) n;

CREATE TEMP TABLE purchase ON COMMIT DROP AS
SELECT p.n, p.id AS member, p.account, k, t.at,
       pg_temp.id_at(t.at, 'order {tag} ' || p.n || ' ' || k) AS id,
       pg_temp.id_at(t.at, 'entry {tag} ' || p.n || ' ' || k) AS entry,
       pg_temp.id_at(t.at, 'lot {tag} ' || p.n || ' ' || k) AS lot,
       1 + abs(hashint8extended(p.n * 100 + k, {seed}) % 300) AS points
  FROM person p CROSS JOIN generate_series(1, {orders}) k
 CROSS JOIN LATERAL (SELECT date_trunc('hour', now()) - make_interval(days => 30 * k)
                            + make_interval(secs => p.n % 3600) AS at) t
 ORDER BY t.at;

INSERT INTO member (tenant_id, id, card_no, state, phone_masked, joined_at)
SELECT '{tenant}', id, lpad(n::text, 16, '0'), 'active', '138****' || lpad((n % 10000)::text, 4, '0'),
       date_trunc('hour', now()) - interval '400 days' FROM person;
INSERT INTO member_token (tenant_id, id, member_id, digest, expires_at, created_at)
SELECT '{tenant}', pg_temp.id_at(now(), 'token {tag} ' || n), id,
       sha256(convert_to('bench-{number}-' || n, 'UTF8')), now() + interval '30 days', now()
  FROM person;
INSERT INTO ledger_account (tenant_id, id, member_id, asset, available, debt)
SELECT '{tenant}', account, member, 'points', sum(points), 0 FROM purchase GROUP BY account, member;
INSERT INTO orders (tenant_id, id, source, store_id, external_no, business_day, member_id, state,
                    total_fen, paid_fen, refunded_fen, currency, placed_at, fulfilled_at,
                    completed_at, received_at, recorded_at, version)
SELECT '{tenant}', id, 'past', ('{{{stores}}}'::uuid[])[1 + n % {store_count}], n || '-' || k,
       at::date, member, 'completed', points * 100, points * 100, 0, 'CNY', at, at, at, at, at, 1
  FROM purchase;
INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change, cause_type,
                          cause_id, rule_id, happened_at, recorded_at)
SELECT '{tenant}', entry, account, 'earn', points, 0, 'order', id, '{rule}', at, at FROM purchase;
INSERT INTO ledger_lot (tenant_id, id, account_id, entry_id, amount, remaining, opens_at, expires_at)
SELECT '{tenant}', lot, account, entry, points, points, at, at + interval '365 days' FROM purchase;
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant of the suite: so many members, whose ids and tokens follow from their number."""

    number: int
    tenant_id: UUID
    slug: str
    secret: str
    rule_id: UUID
    stores: dict[str, UUID]
    members: int

    @property
    def prefix(self) -> str:
        """What all ids of its members begin with; twelve hexadecimal digits of their number follow."""
        return f"01900000-0000-7000-8{self.number:03x}-"

    def member(self, number: int) -> UUID:
        """The id of the member of that number, from 1 on."""
        return UUID(f"{self.prefix}{number:012x}")

    def token(self, number: int) -> str:
        """That member's access token."""
        return f"bench-{self.number}-{number}"


async def open_shop(here: Stand, number: int, members: int) -> Shop:
    """A tenant with keys, one point a yuan for a year, five stores and a till."""
    slug = f"bench-{number}"
    tenant_id, _ = await register_tenant(
        here.places.owner(), slug=slug, name=f"Bench {number}", zone="Asia/Shanghai"
    )
    async with unit_of_work(tenant_id):
        await open_tenant()
        await set_earning_rule(Decimal(1), 365)
        for store in range(1, STORES + 1):
            await add_store(f"S{store}", f"{store} 号店")
        secret = await add_integration("till")
        rows = await fetch("SELECT code, id FROM store WHERE tenant_id = $1 ORDER BY code")
        rule = await rule_in_force()
    assert secret is not None
    stores = {row["code"]: row["id"] for row in rows}
    return Shop(number, tenant_id, slug, secret, rule.id, stores, members)


async def fill(owner: asyncpg.Connection, shop: Shop, orders: int = ORDERS_A_MEMBER) -> None:
    """The members of the shop with so many orders each, and all that follows from them."""
    async with owner.transaction():
        await owner.execute(_ID_AT)
        await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
        await owner.execute(
            _FILL.format(
                tenant=shop.tenant_id,
                number=shop.number,
                tag=f"{SEED} {shop.number}",
                prefix=shop.prefix,
                members=shop.members,
                orders=orders,
                seed=SEED,
                stores=",".join(map(str, shop.stores.values())),
                store_count=STORES,
                rule=shop.rule_id,
            )
        )


async def generate(here: Stand, effort: Effort) -> list[Shop]:
    """Tenants and members of the effort's size, with statistics as after a night of autovacuum."""
    shops = [
        await open_shop(here, number, effort.members_a_tenant)
        for number in range(1, effort.tenants + 1)
    ]
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        for shop in shops:
            await fill(owner, shop)
        await owner.execute(f"VACUUM (ANALYZE) {', '.join(FILLED)}")
    finally:
        await owner.close()
    return shops

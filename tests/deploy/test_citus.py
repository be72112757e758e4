"""`shuke migrate --citus` against a stand-in that refuses what Citus would refuse."""

import asyncpg
import pytest
from tests.support.catalogue import tenant_tables
from tests.support.scratch import connection_to, migrated_database

from shuke_core.database.citus import CitusMissing, distribute, distribution_order, has_citus
from shuke_core.embedded import EmbeddedServers

pytestmark = pytest.mark.slow

# The rules of Citus' documentation: every unique key has the distribution column, a foreign key has
# it on both sides and leads to a table that is distributed already, or to a reference table.
STAND_IN = """
CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partkey text);
GRANT ALL ON pg_dist_partition TO shuke_owner;
CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE sql AS
  $$ INSERT INTO public.pg_dist_partition VALUES (t, NULL) $$;
CREATE FUNCTION create_distributed_table(t regclass, part text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE wrong text; col smallint;
BEGIN
  SELECT attnum INTO STRICT col FROM pg_attribute WHERE attrelid = t AND attname = part;
  SELECT indexrelid::regclass::text INTO wrong FROM pg_index
   WHERE indrelid = t AND indisunique AND NOT col = ANY (indkey) LIMIT 1;
  IF wrong IS NOT NULL THEN RAISE 'unique key % lacks the distribution column', wrong; END IF;
  SELECT c.conname INTO wrong FROM pg_constraint c
    LEFT JOIN public.pg_dist_partition p ON p.logicalrelid = c.confrelid
   WHERE c.conrelid = t AND c.contype = 'f' AND c.confrelid <> t AND (p.logicalrelid IS NULL
         OR (p.partkey IS NOT NULL AND NOT col = ANY (c.conkey))) LIMIT 1;
  IF wrong IS NOT NULL THEN RAISE 'foreign key % leads out of the shard', wrong; END IF;
  INSERT INTO public.pg_dist_partition VALUES (t, part);
END $$;
"""


async def test_every_tenant_table_is_distributed_once_after_what_it_refers_to(
    servers: EmbeddedServers,
) -> None:
    async with migrated_database(servers) as places:
        async with connection_to(places.owner()) as owner:
            assert not await has_citus(owner)  # nor does a process that starts here take it for one
            with pytest.raises(CitusMissing):
                await distribute(owner)
        async with connection_to(places.admin_dsn or "") as admin:
            await admin.execute(STAND_IN)
        async with connection_to(places.owner()) as owner:
            assert await has_citus(owner)
            wanted = [t for t in await tenant_tables(owner) if t != "pg_dist_partition"]
            done = await distribute(owner)
            assert done[0] == "tenant"
            assert sorted(done[1:]) == sorted(wanted)
            assert done.index("orders") < done.index("order_line")
            assert await distribute(owner) == []


async def test_a_key_without_the_tenant_and_a_wrong_order_are_refused(
    servers: EmbeddedServers,
) -> None:
    async with migrated_database(servers) as places:
        async with connection_to(places.admin_dsn or "") as admin:
            await admin.execute(STAND_IN)
        async with connection_to(places.owner()) as owner:
            with pytest.raises(asyncpg.RaiseError, match="leads out of the shard"):
                await owner.execute("SELECT create_distributed_table('order_line', 'tenant_id')")
            await owner.execute("CREATE UNIQUE INDEX planted ON relay (position)")
            with pytest.raises(asyncpg.RaiseError, match="planted lacks the distribution column"):
                await distribute(owner)


async def test_tables_in_a_circle_have_no_order(servers: EmbeddedServers) -> None:
    async with migrated_database(servers) as places, connection_to(places.owner()) as owner:
        await owner.execute(
            "CREATE TABLE a (tenant_id uuid PRIMARY KEY); "
            "CREATE TABLE b (tenant_id uuid PRIMARY KEY REFERENCES a); "
            "ALTER TABLE a ADD FOREIGN KEY (tenant_id) REFERENCES b"
        )
        with pytest.raises(ValueError, match="circle"):
            await distribution_order(owner)

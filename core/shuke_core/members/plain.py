"""Members' phones in the clear: opened for a reveal or an export, which ask for the right to it."""

from collections.abc import Collection
from uuid import UUID

from shuke_core.kit.crypto import Place
from shuke_core.kit.transactions import current_tenant, fetch
from shuke_core.tenants.keyring import member_keys


async def plain_phones(member_ids: Collection[UUID]) -> dict[UUID, str]:
    """The phone of each active member, as E.164; who has none, or is not to be seen, is left out.

    Of several the first one entered.
    """
    ids = list(member_ids)
    rows = await fetch(
        "SELECT DISTINCT ON (i.member_id) i.id, i.member_id, i.sealed FROM member_identity i "
        "JOIN member m ON m.tenant_id = $1 AND m.id = i.member_id AND m.state = 'active' "
        "WHERE i.tenant_id = $1 AND i.member_id = ANY ($2::uuid[]) AND i.kind = 'phone' "
        "AND i.state = 'active' ORDER BY i.member_id, i.created_at, i.id",
        ids,
    )
    keys, tenant_id = await member_keys({row["member_id"] for row in rows}), current_tenant()
    return {
        row["member_id"]: keys[row["member_id"]]
        .open(row["sealed"], Place(tenant_id, "member_identity", row["id"], "sealed"))
        .decode()
        for row in rows
        if row["member_id"] in keys
    }

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
    return {each: phones[0] for each, phones in (await all_plain_phones(member_ids)).items()}


async def all_plain_phones(member_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The same with all that they have, in the order in which they were entered."""
    rows = await fetch(
        "SELECT i.id, i.member_id, i.sealed FROM member_identity i "
        "JOIN member m ON m.tenant_id = $1 AND m.id = i.member_id AND m.state = 'active' "
        "WHERE i.tenant_id = $1 AND i.member_id = ANY ($2::uuid[]) AND i.kind = 'phone' "
        "AND i.state = 'active' ORDER BY i.member_id, i.created_at, i.id",
        list(member_ids),
    )
    keys, tenant_id = await member_keys({row["member_id"] for row in rows}), current_tenant()
    phones: dict[UUID, list[str]] = {}
    for row in rows:
        if (key := keys.get(row["member_id"])) is not None:
            place = Place(tenant_id, "member_identity", row["id"], "sealed")
            phones.setdefault(row["member_id"], []).append(key.open(row["sealed"], place).decode())
    return phones

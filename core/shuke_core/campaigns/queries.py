"""Reads of campaigns: what the API shows of them, and which one a code names."""

from collections.abc import Collection, Mapping
from uuid import UUID

from shuke_core.kit.transactions import fetch


async def campaigns_of_codes(codes: Collection[str]) -> Mapping[str, UUID]:
    """The campaigns of these codes that have been approved at some time: what is no more than a draft
    has not been told to anybody."""
    rows = await fetch(
        "SELECT code, id FROM campaign WHERE tenant_id = $1 AND code = ANY ($2::text[]) "
        "AND approved_at IS NOT NULL",
        sorted(codes),
    )
    return {row["code"]: row["id"] for row in rows}

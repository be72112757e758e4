"""What rows that book points end with: speed that the ledger contradicts is none."""

from benchmarks.data import Shop
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.verify import verify_ledger


class LedgerDiffers(Exception):
    """What was booked does not agree with itself; the text says where."""


async def proven(shop: Shop) -> int:
    """Derives every balance, lot and entry of the tenant anew, outside of what is measured.

    Returns how many entries there are; raises LedgerDiffers, also when there is none.
    """
    async with unit_of_work(shop.tenant_id):
        verified = await verify_ledger()
    if verified.differences or not verified.entries:
        raise LedgerDiffers(
            f"{shop.slug}: {verified.differences} differences in {verified.entries} entries: "
            f"{verified.found[:3]}"
        )
    return verified.entries

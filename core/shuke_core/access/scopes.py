"""Enters the scope of a caller: from here on the database shows the unit these members only."""

from shuke_core.access.rights import Scope, Within
from shuke_core.kit.transactions import narrow_unit

_ROLES = {Scope.OWN: "shuke_own", Scope.STORES: "shuke_stores"}


async def narrow_to(within: Within) -> None:
    """Narrows the open unit, once and until its end. One trip, for those who are narrowed alone."""
    await narrow_unit(
        _ROLES[within.scope],
        {
            "shuke.staff_id": str(within.staff_id),
            "shuke.stores": f"{{{','.join(str(each) for each in within.stores)}}}",
        },
    )

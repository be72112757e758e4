"""Enters the scope of a caller: from here on the database shows the unit these members only."""

from dataclasses import replace

from shuke_core.access.rights import Rights, Scope, Within
from shuke_core.kit.transactions import current_unit, narrow_unit

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


def rights_here(rights: Rights) -> Rights:
    """What of the rights holds in the open unit. What somebody may only for some members is theirs in a
    unit that shows these alone, and not in one that shows all."""
    if rights.within is None or current_unit().connection.mark:
        return rights
    return replace(rights, permissions=rights.permissions - rights.narrowed)

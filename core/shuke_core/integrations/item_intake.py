"""Intake of items: what a connector's message tells of the catalogue. The latest word holds."""

from collections.abc import Sequence

from shuke_core.catalog.services import take_items
from shuke_core.catalog.told import ItemOutcome, ItemRefused, ToldItem, read_item
from shuke_core.integrations.intake import Fate
from shuke_core.integrations.ticket_facts import Rejected


async def take_in_items(source: str, bodies: Sequence[object]) -> list[Fate | Rejected]:
    """Takes items of one integration in; says of each what became of it, in their order."""
    read = [read_item(body) for body in bodies]
    told = [item for item in read if isinstance(item, ToldItem)]
    fates = iter(await take_items(told, source))
    taken = [item if isinstance(item, ItemRefused) else next(fates) for item in read]
    return [_fate(each) for each in taken]


def _fate(fate: ItemOutcome | ItemRefused) -> Fate | Rejected:
    if isinstance(fate, ItemRefused):
        return Rejected(fate.field, fate.code, fate.found)
    return Fate.KNOWN if fate is ItemOutcome.SAME else Fate.ACCEPTED

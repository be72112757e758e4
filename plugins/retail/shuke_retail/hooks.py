"""What retail does inside the core's own work: keep practice tickets out, describe items, teach rules
its words."""

from collections.abc import Mapping, Sequence

from shuke_core.plugin_api import (
    CleanSale,
    DescribedItem,
    RuleFacts,
    RuleField,
    RuleSubject,
    hookimpl,
)
from shuke_retail.items import describe_items
from shuke_retail.rule_fields import WORDS
from shuke_retail.settings import RetailSettings

PRACTICE = "PRACTICE_TICKET"


@hookimpl
async def shuke_refuse_sales(
    sales: Sequence[CleanSale], settings: RetailSettings
) -> Mapping[int, str]:
    """Cashiers in training ring up sales that never happened; they earn nothing."""
    prefixes = tuple(prefix.upper() for prefix in settings.practice_prefixes)
    return {nth: PRACTICE for nth, sale in enumerate(sales) if sale.no.upper().startswith(prefixes)}


@hookimpl
def shuke_rule_words() -> Sequence[RuleSubject | RuleField | RuleFacts]:
    """What a member bought over all channels, and through which."""
    return WORDS


@hookimpl
async def shuke_items_described(items: Sequence[DescribedItem]) -> None:
    """Brand, barcode and specification come with the item, whoever tells of it."""
    await describe_items(items)

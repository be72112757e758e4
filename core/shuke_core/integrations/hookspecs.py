"""The hooks that plugins may implement in the intake of tickets."""

from collections.abc import Mapping, Sequence

from shuke_core.integrations.ticket_facts import CleanSale
from shuke_core.plugins.configuration import PluginSettings
from shuke_core.plugins.hooks import hookspec


@hookspec
async def shuke_refuse_sales(
    sales: Sequence[CleanSale], settings: PluginSettings
) -> Mapping[int, str] | None:
    """May keep sales out: they then wait in quarantine, each with the reason.

    Called in the worker, once for each batch, with the sales that are clean and name a known store,
    before anything of them is recorded, inside the unit of work of the batch. Return the places in
    `sales` to veto, each with a reason code (UPPER_SNAKE, at most 40 characters); None or an empty
    mapping lets all pass. Of several plugins the first in the order of keys decides. `settings` are
    the plugin's own, for this tenant. A plugin that fails or is late is contained: the sales pass.
    """

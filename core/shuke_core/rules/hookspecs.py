"""The hook by which plugins bring words to the rule language."""

from collections.abc import Sequence

from shuke_core.plugins.hooks import hookspec
from shuke_core.rules.declare import Declared


@hookspec
def shuke_rule_words() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Returns what rules may ask of the plugin's facts: subjects, fields, links and facts.

    Called once, when the plugin is loaded into a process, outside any unit of work. Each key begins
    with the plugin's; a field of a subject of the core (`member`) is named so too: `retail.spent`. Words
    are known to the tenants for whom the plugin is on; where it is off, rules that use them are inactive,
    and say why. A plugin that raises, or brings what can't stand (a key that is taken, a field without
    its Python side), vetoes its own loading: the start stops and names it. What its SQL does wrong later
    fails the read that used it, and is not contained.
    """

"""The words of the core, and of the core with retail, for tests that need no database."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shuke_core import app
from shuke_core.rules.checking import check
from shuke_core.rules.document import Rule
from shuke_core.rules.registry import Registry, registry_with
from shuke_core.rules.rendering import Manner
from shuke_core.rules.times import At

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)  # Sunday noon in Shanghai
AT = At(NOW, SHANGHAI)
MANNER = Manner(SHANGHAI, "CNY", {"S1": "一店", "S2": "二店"})


def words(*plugins: str) -> Registry:
    """The registry where these plugins are on."""
    app.installed_apps()
    return registry_with(frozenset(plugins))


def rule_of(document: Any, subject: str = "member", *plugins: str) -> Rule:
    """The rule of a document, for an author who may see everything."""
    return check(document, subject, words(*plugins), None)

"""What a tenant may set for retail."""

from pydantic import Field

from shuke_core.plugin_api import PluginSettings


class RetailSettings(PluginSettings):
    """Tills print practice tickets; a tenant names the prefixes their numbers begin with."""

    practice_prefixes: tuple[str, ...] = Field(
        ("TEST", "测试"), max_length=20, description="tickets whose number begins so are kept out"
    )

"""Shuke for retail: the till and the mini-program become one shop."""

from shuke_core.plugin_api import Plugin

plugin = Plugin(
    key="retail",
    label={"zh": "零售", "en": "Retail"},
    version="0.1.0",
    hosts=">=0.1,<0.2",
)

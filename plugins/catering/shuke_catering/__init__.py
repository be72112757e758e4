"""Shuke for catering: dining periods, queue tickets, tables."""

from shuke_core.plugin_api import Plugin

plugin = Plugin(
    key="catering",
    label={"zh": "餐饮", "en": "Catering"},
    version="0.1.0",
    hosts=">=0.1,<0.2",
)

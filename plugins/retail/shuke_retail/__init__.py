"""Shuke for retail: the till and the mini-program become one shop."""

from shuke_core.plugin_api import App, Plugin
from shuke_retail import hooks
from shuke_retail.holdings import PURCHASES
from shuke_retail.jobs import COUNT_PURCHASES
from shuke_retail.permissions import PURCHASES_READ
from shuke_retail.settings import RetailSettings

plugin = Plugin(
    key="retail",
    label={"zh": "零售", "en": "Retail"},
    version="0.1.0",
    hosts=">=0.1,<0.2",
    permissions=(PURCHASES_READ,),
    settings=RetailSettings,
    app=App(models=["shuke_retail.models"], migrations="shuke_retail.migrations"),
    hooks=hooks,
    holdings=(PURCHASES,),
    reactions=(COUNT_PURCHASES,),
    graphql="shuke_retail.types:parts",
)

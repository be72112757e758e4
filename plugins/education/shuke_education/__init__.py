"""Shuke for education: leads, trial lessons, enrolments, renewals."""

from shuke_core.plugin_api import Plugin

plugin = Plugin(
    key="education",
    label={"zh": "教培", "en": "Education"},
    version="0.1.0",
    hosts=">=0.1,<0.2",
)

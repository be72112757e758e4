"""What of exports can be watched live, by whoever asked for them."""

from shuke_core.exports.events import ExportChanged
from shuke_core.live.topics import Topic, declare_topic

EXPORTS = declare_topic(
    Topic("exports", frozenset({ExportChanged.type}), key="route", row=("export", "export_id"))
)

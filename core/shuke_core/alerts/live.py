"""What of alerts can be watched live, by those whom they are for."""

from shuke_core.alerts.events import AlertChanged
from shuke_core.live.topics import Topic, declare_topic

ALERTS = declare_topic(
    Topic("alerts", frozenset({AlertChanged.type}), key="route", row=("alert", "alert_id"))
)

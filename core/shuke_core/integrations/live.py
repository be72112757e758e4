"""What of integrations can be watched live, by staff."""

from shuke_core.integrations.events import (
    MessageDone,
    MessageTaken,
    TicketQuarantined,
    TicketResolved,
)
from shuke_core.live.topics import Topic, declare_topic

SYNCS = declare_topic(
    Topic("syncs", frozenset({MessageTaken.type, MessageDone.type}), key="integration_id")
)
QUARANTINE = declare_topic(
    Topic(
        "quarantine",
        frozenset({TicketQuarantined.type, TicketResolved.type}),
        key="integration_id",
    )
)

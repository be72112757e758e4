"""What of interactions can be watched live, by whoever is to see them first."""

from shuke_core.interactions.events import InteractionRecorded
from shuke_core.live.topics import Topic, declare_topic

INTERACTIONS = declare_topic(
    Topic(
        "interactions",
        frozenset({InteractionRecorded.type}),
        key="route",
        row=("interaction", "interaction_id"),
    )
)

"""What of points can be watched live."""

from shuke_core.live.topics import Topic, declare_topic
from shuke_core.points.events import PointsMoved

POINTS = declare_topic(Topic("points", frozenset({PointsMoved.type}), key="member_id"))

"""What web processes hear of the staff's sessions, so that open sockets close or change at once.

Nobody subscribes to it. The sweep over open tokens finds the same a moment later.
"""

from shuke_core.live.topics import Topic, declare_topic
from shuke_core.staff.events import StaffChanged

SESSIONS = declare_topic(Topic("staff.sessions", frozenset({StaffChanged.type}), key="staff_id"))

"""What web processes hear of members' sessions, so that open sockets close at once.

Nobody subscribes to it. The sweep over open tokens finds the same a moment later.
"""

from shuke_core.live.topics import Topic, declare_topic
from shuke_core.members.events import MemberLoggedOut

SESSIONS = declare_topic(
    Topic("members.sessions", frozenset({MemberLoggedOut.type}), key="member_id")
)

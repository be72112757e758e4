"""What of campaigns can be watched live, by staff."""

from shuke_core.campaigns.events import CampaignChanged, CampaignJoined
from shuke_core.live.topics import Topic, declare_topic

CAMPAIGNS = declare_topic(
    Topic("campaigns", frozenset({CampaignChanged.type, CampaignJoined.type}), key="campaign_id")
)

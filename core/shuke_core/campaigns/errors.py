"""What can go wrong with campaigns."""

from shuke_core.kit.errors import ShukeError


class CampaignUnknown(ShukeError):
    code = "CAMPAIGN_UNKNOWN"
    sentence = "There is no such campaign."


class CampaignCodeTaken(ShukeError):
    code = "CAMPAIGN_CODE_TAKEN"
    sentence = "There is a campaign of that code already; a code is one campaign's for ever."


class CampaignInvalid(ShukeError):
    code = "CAMPAIGN_INVALID"
    sentence = "{field} is not possible: {why}."


class CampaignChanged(ShukeError):
    code = "CAMPAIGN_CHANGED"
    sentence = "Somebody has changed the campaign meanwhile: it is at version {version}."


class CampaignStateRefused(ShukeError):
    code = "CAMPAIGN_STATE_REFUSED"
    sentence = "A campaign that is {phase} can't be changed so: {act}."


class CampaignApproved(ShukeError):
    code = "CAMPAIGN_APPROVED"
    sentence = (
        "What was handed in for approval stays as it is; only name and goal may change. Take the "
        "campaign back to a draft first: it is approved anew then."
    )


class CampaignOwnApproval(ShukeError):
    code = "CAMPAIGN_OWN_APPROVAL"
    sentence = "Whoever handed the campaign in does not decide on it: ask somebody else."


class CampaignsTooMany(ShukeError):
    code = "CAMPAIGNS_TOO_MANY"
    sentence = "{most} campaigns are approved and not over: end one of them first."


class CampaignClosed(ShukeError):
    code = "CAMPAIGN_CLOSED"
    sentence = "The campaign does not run now."


class CampaignFull(ShukeError):
    code = "CAMPAIGN_FULL"
    sentence = "There is nothing left of the campaign."


class CampaignNotForMember(ShukeError):
    code = "CAMPAIGN_NOT_FOR_MEMBER"
    sentence = "The campaign is not for this member."

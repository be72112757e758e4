"""What can go wrong with assignment."""

from shuke_core.kit.errors import ShukeError


class AdvisorUnknown(ShukeError):
    code = "ADVISOR_UNKNOWN"
    sentence = "There is no such advisor."


class AdvisorAway(ShukeError):
    code = "ADVISOR_AWAY"
    sentence = "{name} is away, so members can't be given to them."


class NobodyToAssign(ShukeError):
    code = "NOBODY_TO_ASSIGN"
    sentence = "No advisor is there to be given members: all have left or are away."


class TooManyMembers(ShukeError):
    code = "TOO_MANY_MEMBERS"
    sentence = "At most {most} members can be named at once."

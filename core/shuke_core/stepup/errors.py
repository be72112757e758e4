"""What can go wrong with step-ups and approvals."""

from shuke_core.kit.errors import ShukeError


class StepUpRequired(ShukeError):
    code = "STEP_UP_REQUIRED"
    sentence = (
        "{operation} wants a fresh second factor for just these arguments: "
        "beginStepUp, confirmStepUp, then try again with its id as stepUp, once, within 5 minutes."
    )
    status = 403


class StepUpUnknown(ShukeError):
    code = "STEP_UP_UNKNOWN"
    sentence = "There is no such step-up of yours that waits for its code; begin a new one."


class OperationUnguarded(ShukeError):
    code = "STEP_UP_OPERATION_UNKNOWN"
    sentence = "No operation {operation!r} wants a step-up; those that do: {known}."


class StepUpArgumentsInvalid(ShukeError):
    code = "STEP_UP_ARGUMENTS_INVALID"
    sentence = "{operation} has the arguments {names}: name all of them and no other."


class ApprovalRequired(ShukeError):
    code = "APPROVAL_REQUIRED"
    sentence = (
        "{operation} is over the limit of {most} here: askApproval, and once a second person has "
        "approved it do it with a new step-up."
    )
    status = 403


class ApprovalNotPending(ShukeError):
    code = "APPROVAL_NOT_PENDING"
    sentence = "There is no such approval that waits for a decision."


class ApprovalOwn(ShukeError):
    code = "APPROVAL_OWN"
    sentence = "Somebody else decides on what you asked for."


class ApprovalLimitInvalid(ShukeError):
    code = "APPROVAL_LIMIT_INVALID"
    sentence = "{operation} takes no limit, or the limit is below 0."

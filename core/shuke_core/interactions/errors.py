"""What can go wrong with interactions."""

from shuke_core.kit.errors import ShukeError


class FormUnknown(ShukeError):
    code = "FORM_UNKNOWN"
    sentence = "There is no such form to fill in."


class FormInvalid(ShukeError):
    code = "FORM_INVALID"
    sentence = "The form can't be used: {why}."


class AnswersInvalid(ShukeError):
    code = "ANSWERS_INVALID"
    sentence = "The answer to {question!r} can't be taken: {why}."


class InteractionTextInvalid(ShukeError):
    code = "INTERACTION_TEXT_INVALID"
    sentence = "The text is empty, illegible, or longer than {longest} characters."


class InteractionInvalid(ShukeError):
    code = "INTERACTION_INVALID"
    sentence = "That can't be recorded: {why}."


class InteractionsTooMany(ShukeError):
    code = "INTERACTIONS_TOO_MANY"
    sentence = "At most {most} in an hour; try again later."


class InteractionUnknown(ShukeError):
    code = "INTERACTION_UNKNOWN"
    sentence = "There is no such interaction."


class InteractionNotOpen(ShukeError):
    code = "INTERACTION_NOT_OPEN"
    sentence = "The interaction is {state} already."


class FollowUpRuleInvalid(ShukeError):
    code = "FOLLOW_UP_RULE_INVALID"
    sentence = "The rule can't be used: {why}."

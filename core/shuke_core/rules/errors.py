"""What can go wrong with rules."""

from shuke_core.kit.errors import ShukeError


class RuleInvalid(ShukeError):
    """`facts["problems"]` has each `checking.Problem`; the sentence tells the first of them."""

    code = "RULE_INVALID"
    sentence = "The rule can't be taken: {told}"


class RuleInactive(ShukeError):
    """A rule that was taken can't be decided now: neither true nor false. `facts` has `problems`."""

    code = "RULE_INACTIVE"
    sentence = "The rule is inactive: {told}"


class RuleFactsTooMany(ShukeError):
    code = "RULE_FACTS_TOO_MANY"
    sentence = (
        "The rule looks at more than {most} facts of this one, too many to explain; whether it holds "
        "is told by a list that is filtered by it."
    )


class RulesTooMany(ShukeError):
    code = "RULES_TOO_MANY"
    sentence = "There is room for {most} rules; retire one that is not used any more."


class RuleVersionsTooMany(ShukeError):
    code = "RULE_VERSIONS_TOO_MANY"
    sentence = "A rule has at most {most} versions; save this one as a new rule."


class RuleUnknown(ShukeError):
    code = "RULE_UNKNOWN"
    sentence = "There is no such rule, or no such version of it."


class RuleNameInvalid(ShukeError):
    code = "RULE_NAME_INVALID"
    sentence = "The name can't be taken: {why}."


class RuleChanged(ShukeError):
    code = "RULE_CHANGED"
    sentence = "Somebody has saved version {newest} meanwhile; look at it before you save yours."


class RuleSubjectWrong(ShukeError):
    code = "RULE_SUBJECT_WRONG"
    sentence = "The rule is about {found}; here one about {wanted} is expected."

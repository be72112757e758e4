"""What can go wrong with points."""

from shuke_core.kit.errors import ShukeError


class EarningRuleMissing(ShukeError):
    code = "EARNING_RULE_MISSING"
    sentence = "The tenant has no earning rule; set one before orders arrive."


class EarningRuleInvalid(ShukeError):
    code = "EARNING_RULE_INVALID"
    sentence = "{problem}"

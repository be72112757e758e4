"""The words of quarantined tickets for rules: what is wrong with them, and since when."""

from shuke_core.access.permissions import INTEGRATIONS_READ
from shuke_core.rules.declare import RuleSubject, column_field
from shuke_core.rules.registry import CORE, declare_rule_words
from shuke_core.rules.vocabulary import ValueType

TICKET = "ticket"
_NEEDS = (INTEGRATIONS_READ,)

declare_rule_words(
    CORE,
    RuleSubject(TICKET, {"zh": "隔离的单据", "en": "Quarantined ticket"}, "quarantined_ticket"),
    column_field(
        "ticket.field", ValueType.TEXT, {"zh": "出错字段", "en": "field"}, "field", needs=_NEEDS
    ),
    column_field(
        "ticket.code", ValueType.TEXT, {"zh": "原因代码", "en": "code"}, "code", needs=_NEEDS
    ),
    column_field(
        "ticket.found", ValueType.TEXT, {"zh": "原内容", "en": "found"}, "found", needs=_NEEDS
    ),
    column_field(
        "ticket.row", ValueType.NUMBER, {"zh": "行号", "en": "row"}, "row_no", needs=_NEEDS
    ),
    column_field(
        "ticket.quarantined_at",
        ValueType.TIME,
        {"zh": "隔离时间", "en": "quarantined"},
        "quarantined_at",
        needs=_NEEDS,
    ),
)

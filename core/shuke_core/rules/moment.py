"""The moment as a subject of its own: fields of the calendar and the clock, in the tenant's zone."""

from shuke_core.rules.declare import RuleField, RuleSubject
from shuke_core.rules.registry import CORE, MOMENT, declare_rule_words
from shuke_core.rules.vocabulary import ValueType

declare_rule_words(
    CORE,
    RuleSubject(MOMENT, {"zh": "此刻", "en": "The moment"}),
    RuleField(
        "moment.date",
        MOMENT,
        ValueType.DATE,
        {"zh": "今天", "en": "today"},
        reckon=lambda at: at.today,
    ),
    RuleField(
        "moment.month",
        MOMENT,
        ValueType.NUMBER,
        {"zh": "当前月份", "en": "the month"},
        reckon=lambda at: at.today.month,
    ),
    RuleField(
        "moment.day",
        MOMENT,
        ValueType.NUMBER,
        {"zh": "今天几号", "en": "the day of the month"},
        reckon=lambda at: at.today.day,
    ),
    RuleField(
        "moment.weekday",
        MOMENT,
        ValueType.NUMBER,
        {"zh": "星期几(1 为周一)", "en": "the weekday (1 is Monday)"},
        reckon=lambda at: at.today.isoweekday(),
    ),
    RuleField(
        "moment.hour",
        MOMENT,
        ValueType.NUMBER,
        {"zh": "当前小时", "en": "the hour"},
        reckon=lambda at: at.now.astimezone(at.zone).hour,
    ),
)

"""The phrases that sentences of rules are put together of, in both languages."""

from collections.abc import Mapping

from shuke_core.rules.vocabulary import Label, Measure, Op, Period, ValueType

LANGUAGES = ("zh", "en")

# By whether all are meant, or any.
EMPTY: Mapping[bool, Label] = {
    True: {"zh": "全部", "en": "everything"},
    False: {"zh": "无", "en": "nothing"},
}
JOINED: Mapping[bool, Label] = {
    True: {"zh": " 且 ", "en": " and "},
    False: {"zh": " 或 ", "en": " or "},
}
FLAGS: Mapping[bool, Label] = {
    True: {"zh": "{}", "en": "{}"},
    False: {"zh": "非{}", "en": "not: {}"},
}
YES_NO: Mapping[bool, Label] = {
    True: {"zh": "是", "en": "yes"},
    False: {"zh": "否", "en": "no"},
}
MISSING: Label = {"zh": "无", "en": "nothing"}

_ANY: Mapping[Op, Label] = {
    Op.EQ: {"zh": "{}为{}", "en": "{} is {}"},
    Op.NE: {"zh": "{}不为{}", "en": "{} is not {}"},
    Op.LT: {"zh": "{}少于{}", "en": "{} below {}"},
    Op.LTE: {"zh": "{}不超过{}", "en": "{} at most {}"},
    Op.GT: {"zh": "{}超过{}", "en": "{} above {}"},
    Op.GTE: {"zh": "{}满{}", "en": "{} at least {}"},
    Op.IN: {"zh": "{}属于({})", "en": "{} is one of ({})"},
    Op.NOT_IN: {"zh": "{}不属于({})", "en": "{} is none of ({})"},
    Op.STARTS_WITH: {"zh": "{}以{}开头", "en": "{} starts with {}"},
    Op.MISSING: {"zh": "{}为空", "en": "{} is missing"},
    Op.PRESENT: {"zh": "{}不为空", "en": "{} is there"},
}
_OF_TIMES: Mapping[Op, Label] = {
    Op.LT: {"zh": "{}早于{}", "en": "{} before {}"},
    Op.LTE: {"zh": "{}不晚于{}", "en": "{} no later than {}"},
    Op.GT: {"zh": "{}晚于{}", "en": "{} after {}"},
    Op.GTE: {"zh": "{}不早于{}", "en": "{} no earlier than {}"},
}


def pattern(op: Op, kind: ValueType, language: str) -> str:
    """Of a field's label and a value."""
    return (_OF_TIMES.get(op, _ANY[op]) if kind.is_temporal else _ANY[op])[language]


# By whether the end does not belong to it.
RANGES: Mapping[bool, Label] = {
    False: {"zh": "{}在{}到{}之间", "en": "{} from {} to {}"},
    True: {"zh": "{}从{}起、早于{}", "en": "{} from {} until before {}"},
}
WITHIN: Label = {"zh": "{}在{}内", "en": "{} within {}"}
LATELY: Label = {"zh": "近{}", "en": " in the last {}"}
LAST: Label = {"zh": "近{}", "en": "the last {}"}
AWAY: Mapping[str, Label] = {
    "ago": {"zh": "{}前", "en": "{} ago"},
    "ahead": {"zh": "{}后", "en": "in {}"},
}
UNITS: Mapping[str, Label] = {
    "minutes": {"zh": "分钟", "en": "minutes"},
    "hours": {"zh": "小时", "en": "hours"},
    "days": {"zh": "天", "en": "days"},
    "weeks": {"zh": "周", "en": "weeks"},
    "months": {"zh": "个月", "en": "months"},
    "years": {"zh": "年", "en": "years"},
}
PERIODS: Mapping[Period, Label] = {
    Period.TODAY: {"zh": "今天", "en": "today"},
    Period.YESTERDAY: {"zh": "昨天", "en": "yesterday"},
    Period.THIS_WEEK: {"zh": "本周", "en": "this week"},
    Period.LAST_WEEK: {"zh": "上周", "en": "last week"},
    Period.THIS_MONTH: {"zh": "本月", "en": "this month"},
    Period.LAST_MONTH: {"zh": "上月", "en": "last month"},
    Period.THIS_QUARTER: {"zh": "本季度", "en": "this quarter"},
    Period.LAST_QUARTER: {"zh": "上季度", "en": "last quarter"},
    Period.THIS_YEAR: {"zh": "今年", "en": "this year"},
    Period.LAST_YEAR: {"zh": "去年", "en": "last year"},
}

# Of a number, the measure word, the facts, and what else is said of them.
COUNTED: Mapping[Op, Label] = {
    Op.EQ: {"zh": "恰好{0}{1}{2}{3}", "en": "exactly {0} {2}{3}"},
    Op.NE: {"zh": "不是{0}{1}{2}{3}", "en": "other than {0} {2}{3}"},
    Op.LT: {"zh": "少于{0}{1}{2}{3}", "en": "fewer than {0} {2}{3}"},
    Op.LTE: {"zh": "至多{0}{1}{2}{3}", "en": "at most {0} {2}{3}"},
    Op.GT: {"zh": "超过{0}{1}{2}{3}", "en": "more than {0} {2}{3}"},
    Op.GTE: {"zh": "至少{0}{1}{2}{3}", "en": "at least {0} {2}{3}"},
}
COUNTED_BETWEEN: Label = {"zh": "{0}到{1}{2}{3}{4}", "en": "{0} to {1} {3}{4}"}

# Of the facts and a field of them; by whether it is a time.
MEASURED: Mapping[tuple[Measure, bool], Label] = {
    (Measure.SUM, False): {"zh": "{}的{}合计", "en": "sum of the {} by {}"},
    (Measure.MAX, False): {"zh": "{}的最高{}", "en": "highest of the {} by {}"},
    (Measure.MIN, False): {"zh": "{}的最低{}", "en": "lowest of the {} by {}"},
    (Measure.MAX, True): {"zh": "{}的最近{}", "en": "latest of the {} by {}"},
    (Measure.MIN, True): {"zh": "{}的最早{}", "en": "first of the {} by {}"},
}

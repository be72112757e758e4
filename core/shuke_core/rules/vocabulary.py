"""The fixed words of the language: types of values, operators, measures, units, periods, bounds."""

from collections.abc import Mapping
from enum import Enum

Label = Mapping[str, str]  # a language ("zh", "en") to what a person reads

MOST_DEPTH = 8  # of conditions within conditions
MOST_NODES = 200  # in a whole document, groups among them
MOST_LISTED = 500  # values of one list
MOST_BYTES = 65_536  # of the document as JSON
LONGEST_TEXT = 200
LARGEST_NUMBER = 10**15
DECIMAL_PLACES = 3
MOST_DAYS_AWAY = 36_500
FIRST_YEAR, LAST_YEAR = 1900, 2999


class ValueType(Enum):
    """What a field's values are. `sql` is how PostgreSQL knows a parameter of it."""

    TEXT = "text"
    CHOICE = "choice"  # one of a few words, which the field names
    STORE = "store"  # a store's code
    NUMBER = "number"  # a whole number
    MONEY = "money"  # fen
    DECIMAL = "decimal"  # up to three places
    DATE = "date"
    TIME = "time"  # a moment
    FLAG = "flag"  # yes or no

    @property
    def sql(self) -> str:
        return _SQL[self]

    @property
    def is_ordered(self) -> bool:
        """Whether less and more mean something."""
        return self in _ORDERED

    @property
    def is_temporal(self) -> bool:
        """Whether its values lie in time."""
        return self in (ValueType.DATE, ValueType.TIME)


_SQL = {
    ValueType.TEXT: "text",
    ValueType.CHOICE: "text",
    ValueType.STORE: "text",
    ValueType.NUMBER: "int8",
    ValueType.MONEY: "int8",
    ValueType.DECIMAL: "numeric",
    ValueType.DATE: "date",
    ValueType.TIME: "timestamptz",
    ValueType.FLAG: "bool",
}
_AMOUNTS = frozenset({ValueType.NUMBER, ValueType.MONEY, ValueType.DECIMAL})
_ORDERED = _AMOUNTS | {ValueType.DATE, ValueType.TIME}


class Op(Enum):
    """What is asked of a field."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    BETWEEN = "between"  # from ≤ field ≤ to; of times: from ≤ field < to
    IN = "in"
    NOT_IN = "not_in"
    STARTS_WITH = "starts_with"
    MISSING = "missing"
    PRESENT = "present"


WITHOUT_VALUE = frozenset({Op.MISSING, Op.PRESENT})
OF_LISTS = frozenset({Op.IN, Op.NOT_IN})
_EITHER = (Op.MISSING, Op.PRESENT)
_SAME = (Op.EQ, Op.NE, Op.IN, Op.NOT_IN)
_ORDER = (Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN)

# A moment is never asked for by its microsecond.
OPERATORS: Mapping[ValueType, tuple[Op, ...]] = {
    ValueType.TEXT: (*_SAME, Op.STARTS_WITH, *_EITHER),
    ValueType.CHOICE: (*_SAME, *_EITHER),
    ValueType.STORE: (*_SAME, *_EITHER),
    ValueType.NUMBER: (*_SAME, *_ORDER, *_EITHER),
    ValueType.MONEY: (*_SAME, *_ORDER, *_EITHER),
    ValueType.DECIMAL: (*_SAME, *_ORDER, *_EITHER),
    ValueType.DATE: (*_SAME, *_ORDER, *_EITHER),
    ValueType.TIME: (*_ORDER, *_EITHER),
    ValueType.FLAG: (Op.EQ, *_EITHER),
}


class Measure(Enum):
    """What is taken of the facts that a quantified condition finds."""

    COUNT = "count"
    SUM = "sum"  # of none: 0
    MAX = "max"  # of none: missing
    MIN = "min"  # of none: missing


COUNT_OPERATORS = (Op.EQ, Op.NE, *_ORDER)
MEASURES: Mapping[Measure, frozenset[ValueType]] = {
    Measure.COUNT: frozenset(),
    Measure.SUM: _AMOUNTS,
    Measure.MAX: _ORDERED,
    Measure.MIN: _ORDERED,
}


class Unit(Enum):
    """Of relative times. Minutes and hours run by the clock; the others by the tenant's calendar."""

    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


OF_THE_CLOCK = frozenset({Unit.MINUTES, Unit.HOURS})
DAYS_OF: Mapping[Unit, float] = {  # the longest that one can be, for the bound
    Unit.MINUTES: 1 / 1440,
    Unit.HOURS: 1 / 24,
    Unit.DAYS: 1,
    Unit.WEEKS: 7,
    Unit.MONTHS: 31,
    Unit.YEARS: 366,
}


class Period(Enum):
    """A stretch of the tenant's calendar, whole days of it. Weeks begin on Monday."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    THIS_WEEK = "this_week"
    LAST_WEEK = "last_week"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"

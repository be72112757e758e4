"""Moments: the ways a till writes a time, to one UTC moment; and which business day it falls on."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from shuke_core.kit.cleaning import Unclean, clean_scalar, shown

FUTURE_TOLERANCE: Final = timedelta(days=1)
# Before the first tills with a clock: such a date is a default or a birthday, not a purchase.
FIRST_YEAR: Final = 1990
_NEVER_YEAR: Final = 9999
# Day 0 of the 1900 date system, shifted by the leap day that year did not have.
_SERIAL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 (a serial is wall time)
_SERIAL_LIMIT: Final = 100_000
_SERIAL_NEVER: Final = 2_958_465
# What databases, spreadsheets, .NET and the epoch write for "no date".
_EMPTY_DAYS: Final = frozenset(
    {(0, 0, 0), (1, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 0), (1900, 1, 1), (1970, 1, 1)}
)

_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
# Other centuries are epoch milliseconds: those before 2001-09-09 have 12 digits, as 202601020304
# has. 9999........ are the last 28 hours of them, unless it goes on with the last of December.
_DIGITS = re.compile(
    r"(?P<year>(?:19|20)[0-9]{2}|0000|9999(?!(?!1231)[0-9]{8}\Z))(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:[ Tt]?(?P<hour>[0-9]{2}):?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2}))?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_WRITTEN = re.compile(
    r"(?P<year>[0-9]{4}|[0-9]{2}) ?(?P<separator>[-/.年]) ?"
    r"(?P<month>[0-9]{1,2}) ?(?:(?P=separator)|月) ?"
    r"(?P<day>[0-9]{1,2}) ?日?(?: ?(?:星期|周)[一二三四五六日天])?"
    # A digit never follows the day directly: 2026-1-210:00 could be the 2nd or the 21st.
    r"(?:(?:[ Tt]|(?<![0-9])|(?=[上下])) ?(?P<half>上午|下午|[AaPp][Mm])? ?"
    r"(?P<hour>[0-9]{1,2})(?::|时|点)(?P<minute>[0-9]{1,2})分?"
    r"(?::?(?P<second>[0-9]{1,2})秒?(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<late_half>[AaPp][Mm])?"
    r" ?(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
# `26-1-2` is no match: it can only begin with its year, its last part is too short to be one.
_YEAR_LAST = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})(?:[ T].*)?")


def parse_moment(
    value: str | int | float | Decimal | None,
    zone: ZoneInfo,
    *,
    now: datetime,
    day_starts_at: int = 0,
) -> datetime:
    """The UTC moment that `value` names; wall times are in `zone`.

    Reads ISO and Chinese forms, plain digits, epoch seconds and milliseconds, spreadsheet serials
    (1900 system) and clocks up to `29:59` that count on from the evening before. A date alone means
    the start of that business day. Raises `Unclean`: DATE_MISSING, DATE_AMBIGUOUS (`01/02/2026`),
    DATE_NEVER (`9999-12-31`), DATE_TOO_OLD, DATE_IN_FUTURE (more than a day ahead), DATE_INVALID.
    """
    text = clean_scalar(value, longest=64)
    if text is None or text in {"-", "--", "/", "无"} or not text.strip("0"):
        raise Unclean("DATE_MISSING", shown(value))
    try:
        if form := _DIGITS.fullmatch(text):
            moment = _from_written(form, zone, day_starts_at)
        elif _NUMBER.fullmatch(text):
            moment = _from_number(Decimal(text), zone, day_starts_at)
        elif _YEAR_LAST.fullmatch(text):
            raise _Refused("DATE_AMBIGUOUS")
        elif form := _WRITTEN.fullmatch(text):
            moment = _from_written(form, zone, day_starts_at)
        else:
            raise _Refused("DATE_INVALID")
    except _Refused as refused:
        raise Unclean(refused.code, shown(value)) from None
    except (ValueError, OverflowError):
        raise Unclean("DATE_INVALID", shown(value)) from None
    if moment > now + FUTURE_TOLERANCE:
        raise Unclean("DATE_IN_FUTURE", shown(value))
    return moment


def business_day(moment: datetime, zone: ZoneInfo, starts_at_hour: int) -> date:
    """The day `moment` counts to where a day begins at `starts_at_hour` o'clock (0 to 23).

    A restaurant that closes at two keeps its whole night on one day.
    """
    if moment.tzinfo is None or not 0 <= starts_at_hour < 24:
        raise ValueError("business_day needs an aware moment and an hour from 0 to 23")
    wall = moment.astimezone(zone).replace(tzinfo=None)
    return (wall - timedelta(hours=starts_at_hour)).date()


class _Refused(Exception):
    """Carries the code up to where the original value is at hand."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _from_number(number: Decimal, zone: ZoneInfo, day_starts_at: int) -> datetime:
    if 10**8 <= number < 10**11:
        return _checked(datetime.fromtimestamp(0, UTC) + _seconds(number))
    if 10**11 <= number < 10**14:
        return _checked(datetime.fromtimestamp(0, UTC) + _seconds(number / 1000))
    if int(number) == _SERIAL_NEVER:
        raise _Refused("DATE_NEVER")
    if not 1 <= number < _SERIAL_LIMIT:
        raise _Refused("DATE_INVALID")
    if number == int(number):
        wall = _SERIAL_EPOCH + timedelta(days=int(number), hours=day_starts_at)
    else:
        # The fraction has about 10 decimals: exact to the second, noise below it.
        wall = _SERIAL_EPOCH + timedelta(seconds=round(number * 86_400))
    return _checked(wall.replace(tzinfo=zone))


def _seconds(number: Decimal) -> timedelta:
    return timedelta(microseconds=int(number * 1_000_000))


def _from_written(form: re.Match[str], zone: ZoneInfo, day_starts_at: int) -> datetime:
    found = form.groupdict()
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    if len(found["year"]) == 2:
        year += 2000
    if (year, month, day) in _EMPTY_DAYS:
        raise _Refused("DATE_MISSING")
    if year == _NEVER_YEAR:
        raise _Refused("DATE_NEVER")
    if year < FIRST_YEAR:
        raise _Refused("DATE_TOO_OLD")
    clock = timedelta(hours=day_starts_at) if found["hour"] is None else _clock(found)
    wall = datetime(year, month, day) + clock  # noqa: DTZ001 (the zone follows)
    return _checked(wall.replace(tzinfo=_offset(found.get("offset")) or zone))


def _clock(found: dict[str, str | None]) -> timedelta:
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    half = found.get("half") or found.get("late_half")
    # 30 o'clock: the latest business day of a restaurant ends at six in the morning.
    if hour >= 30 or minute >= 60 or second >= 60:
        raise _Refused("DATE_INVALID")
    if half and hour > 12 and half.lower() in {"上午", "am"}:
        raise _Refused("DATE_INVALID")
    if half and hour <= 12:
        hour = hour % 12 + (12 if half.lower() in {"下午", "pm"} else 0)
    microsecond = int((found.get("fraction") or "").ljust(6, "0")[:6])
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=microsecond)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-ahead if text[0] == "-" else ahead)


def _checked(local: datetime) -> datetime:
    moment = local.astimezone(UTC)
    if (moment.year, moment.month, moment.day) in _EMPTY_DAYS:
        raise _Refused("DATE_MISSING")
    if moment.year < FIRST_YEAR:
        raise _Refused("DATE_TOO_OLD")
    return moment

"""Moments: every form tills write, and the business day they fall on."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.timestamps import business_day, parse_moment

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 1, 3, tzinfo=UTC)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-01-02 03:04:05", local(2026, 1, 2, 3, 4, 5)),
        ("2026/1/2 3:04", local(2026, 1, 2, 3, 4)),
        ("2026.01.02", local(2026, 1, 2)),
        ("2026-01-02", local(2026, 1, 2)),
        ("20260102", local(2026, 1, 2)),
        (20260102, local(2026, 1, 2)),
        ("20260102030405", local(2026, 1, 2, 3, 4, 5)),
        (20260102030405, local(2026, 1, 2, 3, 4, 5)),
        ("20260102 03:04:05", local(2026, 1, 2, 3, 4, 5)),
        ("20260102T030405Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026年1月2日 下午3:04", local(2026, 1, 2, 15, 4)),
        ("2026年1月2日下午3:04", local(2026, 1, 2, 15, 4)),
        ("2026-01-02下午3:04", local(2026, 1, 2, 15, 4)),
        ("2026年01月02日15时04分05秒", local(2026, 1, 2, 15, 4, 5)),
        ("2026年1月2日 星期五 上午3:04", local(2026, 1, 2, 3, 4)),
        ("2026-01-02 上午12:30", local(2026, 1, 2, 0, 30)),
        ("2026-01-02 下午12:30", local(2026, 1, 2, 12, 30)),
        ("2026-01-02 下午15:04", local(2026, 1, 2, 15, 4)),
        ("2026-01-02 3:04 PM", local(2026, 1, 2, 15, 4)),
        ("2026-01-02T03:04:05+08:00", local(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02T03:04:05+0800", local(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02T03:04:05-05:30", datetime(2026, 1, 2, 8, 34, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.678Z", datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)),
        ("2026-01-02 03:04:05.123456789", local(2026, 1, 2, 3, 4, 5, 123_456)),
        ("26-1-2", local(2026, 1, 2)),
        ("26-1-2 3:04", local(2026, 1, 2, 3, 4)),
        ("25年1月12日", local(2025, 1, 12)),
        ("1767323045", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (1767323045, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (1767323045.5, datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)),
        (1767323045000, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (999900000000, datetime(2001, 9, 7, 22, tzinfo=UTC)),
        ("999999999999", datetime(2001, 9, 9, 1, 46, 39, 999_000, tzinfo=UTC)),
        (946652403000, local(1999, 12, 31, 23, 0, 3)),
        ("202601020304", local(2026, 1, 2, 3, 4)),
        ("1767323045678", datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)),
        ("46024", local(2026, 1, 2)),
        (46024, local(2026, 1, 2)),
        (46024.0, local(2026, 1, 2)),
        ("46024.4611689815", local(2026, 1, 2, 11, 4, 5)),
        (46024.4611689815, local(2026, 1, 2, 11, 4, 5)),
        (Decimal("46024.4611689815"), local(2026, 1, 2, 11, 4, 5)),
        ("2026-01-02 24:00:00", local(2026, 1, 3)),
        ("2026-01-02 25:30", local(2026, 1, 3, 1, 30)),
        ("2026-01-02 29:59:59", local(2026, 1, 3, 5, 59, 59)),
        ("２０２６－０１－０２　０３：０４", local(2026, 1, 2, 3, 4)),
        ("\u200e2026-01-02\t", local(2026, 1, 2)),
        ("2024-02-29", local(2024, 2, 29)),
        ("2026-01-04 08:00:00", local(2026, 1, 4, 8)),
    ],
)
def test_a_written_time_becomes_its_moment(
    written: str | int | float | Decimal, moment: datetime
) -> None:
    parsed = parse_moment(written, SHANGHAI, now=NOW)
    assert parsed == moment
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (None, "DATE_MISSING"),
        ("", "DATE_MISSING"),
        ("null", "DATE_MISSING"),
        ("无", "DATE_MISSING"),
        ("--", "DATE_MISSING"),
        (0, "DATE_MISSING"),
        ("0", "DATE_MISSING"),
        ("00000000", "DATE_MISSING"),
        ("00000000000000", "DATE_MISSING"),
        ("0000-00-00", "DATE_MISSING"),
        ("0000-00-00 00:00:00", "DATE_MISSING"),
        ("1900-01-00", "DATE_MISSING"),
        ("1900-01-01", "DATE_MISSING"),
        ("0001-01-01T00:00:00", "DATE_MISSING"),
        ("1970-01-01 08:00:00", "DATE_MISSING"),
        ("1970-01-01T00:00:00Z", "DATE_MISSING"),
        ("01/02/2026", "DATE_AMBIGUOUS"),
        ("13/02/2026", "DATE_AMBIGUOUS"),
        ("01/02/2026 03:04", "DATE_AMBIGUOUS"),
        ("01-02-26", "DATE_AMBIGUOUS"),
        ("26-01-02", "DATE_AMBIGUOUS"),
        ("9999-12-31", "DATE_NEVER"),
        ("9999-12-31 23:59:59", "DATE_NEVER"),
        ("99991231", "DATE_NEVER"),
        ("99990101", "DATE_NEVER"),
        ("999912312359", "DATE_NEVER"),
        ("99991231235959", "DATE_NEVER"),
        ("99990101 00:00", "DATE_NEVER"),
        (2958465, "DATE_NEVER"),
        ("2062-01-02", "DATE_IN_FUTURE"),
        ("2026-01-04 08:00:01", "DATE_IN_FUTURE"),
        (1767323045 * 2, "DATE_IN_FUTURE"),
        ("1989-12-31", "DATE_TOO_OLD"),
        (1, "DATE_MISSING"),
        (20000, "DATE_TOO_OLD"),
        ("01-02", "DATE_INVALID"),
        ("2026-02-29", "DATE_INVALID"),
        ("2026-13-01", "DATE_INVALID"),
        ("2026-01-02 30:00", "DATE_INVALID"),
        ("2026-01-02 03:60", "DATE_INVALID"),
        ("2026-01-02 上午15:04", "DATE_INVALID"),
        ("2026-1-210:00", "DATE_INVALID"),
        ("2026-01/02", "DATE_INVALID"),
        ("2026-01-02T03:04:05+99:00", "DATE_INVALID"),
        ("农历正月初二", "DATE_INVALID"),
        ("yesterday", "DATE_INVALID"),
        (-1, "DATE_INVALID"),
        (1e22, "DATE_INVALID"),
        ("1.76732E+12", "DATE_INVALID"),
        (True, "TEXT_EXPECTED"),
        (float("nan"), "TEXT_EXPECTED"),
    ],
)
def test_what_names_no_certain_moment_is_refused(
    written: str | int | float | None, code: str
) -> None:
    with pytest.raises(Unclean) as refusal:
        parse_moment(written, SHANGHAI, now=NOW)
    assert refusal.value.code == code


@pytest.mark.parametrize("written", ["2026-01-02", "20260102", "46024", "2026年1月2日"])
def test_a_date_alone_is_the_start_of_its_business_day(written: str) -> None:
    moment = parse_moment(written, SHANGHAI, now=NOW, day_starts_at=4)
    assert moment == local(2026, 1, 2, 4)
    assert business_day(moment, SHANGHAI, 4) == date(2026, 1, 2)


@pytest.mark.parametrize(
    ("moment", "starts_at", "day"),
    [
        (local(2026, 1, 2, 3, 59, 59), 4, date(2026, 1, 1)),
        (local(2026, 1, 2, 4), 4, date(2026, 1, 2)),
        (local(2026, 1, 2), 0, date(2026, 1, 2)),
        (datetime(2026, 1, 1, 16, tzinfo=UTC), 0, date(2026, 1, 2)),
        (datetime(2026, 1, 1, 15, 59, 59, tzinfo=UTC), 0, date(2026, 1, 1)),
    ],
)
def test_the_night_belongs_to_the_day_before(moment: datetime, starts_at: int, day: date) -> None:
    assert business_day(moment, SHANGHAI, starts_at) == day


def test_a_business_day_needs_an_aware_moment_and_a_real_hour() -> None:
    with pytest.raises(ValueError, match="aware"):
        business_day(datetime(2026, 1, 2), SHANGHAI, 4)  # noqa: DTZ001
    with pytest.raises(ValueError, match="0 to 23"):
        business_day(NOW, SHANGHAI, 24)


@example(datetime(2001, 9, 8, 7))  # noqa: DTZ001 (its milliseconds begin with 9999)
@given(st.datetimes(datetime(1991, 1, 1), datetime(2026, 1, 2)))  # noqa: DTZ001
def test_every_form_of_one_moment_is_the_same_moment(wall: datetime) -> None:
    wall = wall.replace(microsecond=0)
    moment = wall.replace(tzinfo=ZoneInfo("Asia/Tokyo")).astimezone(UTC)
    # Ten seconds of 2001 whose milliseconds read as a minute of 9999-12-31: that is meant by it.
    assume(int(moment.timestamp()) // 10 != 99_991_231)
    forms: list[str | int] = [
        moment.isoformat(),
        f"{wall:%Y-%m-%d %H:%M:%S}",
        f"{wall:%Y%m%d%H%M%S}",
        f"{wall.year}年{wall.month}月{wall.day}日 {wall.hour}:{wall:%M:%S}",
        f"{wall:%Y/%m/%d %I:%M:%S} {'PM' if wall.hour >= 12 else 'AM'}",
        int(moment.timestamp()),
        int(moment.timestamp()) * 1000,
    ]
    assert {parse_moment(form, ZoneInfo("Asia/Tokyo"), now=NOW) for form in forms} == {moment}


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.text("0123456789-/.: TZ年月日上下午+"),
        st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}\Z"),
        st.from_regex(r"\A[0-9]{1,30}\Z"),
        st.floats(),
        st.integers(),
    ),
    st.integers(0, 23),
)
def test_nothing_but_unclean_is_ever_raised(value: str | int | float, day_starts_at: int) -> None:
    try:
        moment = parse_moment(value, SHANGHAI, now=NOW, day_starts_at=day_starts_at)
    except Unclean:
        return
    assert datetime(1990, 1, 1, tzinfo=UTC) <= moment <= NOW + timedelta(days=1)

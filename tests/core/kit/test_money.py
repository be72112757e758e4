"""Amounts: every form tills and spreadsheets write, and back."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.money import FEN_LIMIT, format_fen, parse_fen


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("12.5", 1250),
        ("12.50", 1250),
        ("1,234.50", 123450),
        ("1,234", 123400),
        ("1234.5元", 123450),
        ("￥1，234.50", 123450),
        ("¥ 12", 1200),
        ("RMB12", 1200),
        ("12 CNY", 1200),
        ("１２３．４５", 12345),
        ("(12.00)", -1200),
        ("（12.00）", -1200),
        ("-12", -1200),
        ("－12", -1200),
        ("\N{MINUS SIGN}12", -1200),
        ("-¥12", -1200),
        ("¥-12", -1200),
        ("12.00-", -1200),
        ("+12", 1200),
        ("1.2万", 1_200_000),
        ("12。5", 1250),
        ("12.299999999", 1230),
        ("0.125", 13),
        ("-0.125", -13),
        ("4.444", 444),
        (".5", 50),
        ("0", 0),
        ("0.00", 0),
        ("85", 8500),
        ("0.85", 85),
        ('="12.50"', 1250),
        ("'12.50", 1250),
        ("12.50\t", 1250),
        (12, 1200),
        (12.299999999, 1230),
        (0.1 + 0.2, 30),
        (1.005, 101),
        (1e-9, 0),
        (-12.5, -1250),
        (Decimal("1.005"), 101),
        ("9999999999.99", FEN_LIMIT - 1),
        ("-9999999999.99", 1 - FEN_LIMIT),
    ],
)
def test_an_amount_in_yuan_becomes_fen(written: str | int | float | Decimal, fen: int) -> None:
    assert parse_fen(written) == fen


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (None, "AMOUNT_MISSING"),
        ("", "AMOUNT_MISSING"),
        (" \u3000", "AMOUNT_MISSING"),
        ("--", "AMOUNT_MISSING"),
        ("——", "AMOUNT_MISSING"),
        ("-", "AMOUNT_MISSING"),
        ("/", "AMOUNT_MISSING"),
        ("无", "AMOUNT_MISSING"),
        ("#REF!", "AMOUNT_MISSING"),
        ("8.5折", "AMOUNT_IS_RATE"),
        ("85%", "AMOUNT_IS_RATE"),
        ("85％", "AMOUNT_IS_RATE"),
        ("1.234,50", "AMOUNT_AMBIGUOUS"),
        ("12,50", "AMOUNT_AMBIGUOUS"),
        ("1,23,456", "AMOUNT_AMBIGUOUS"),
        ("1.2.3", "AMOUNT_AMBIGUOUS"),
        ("1,200分", "AMOUNT_AMBIGUOUS"),
        ("1200积分", "AMOUNT_AMBIGUOUS"),
        ("1 234.50", "AMOUNT_INVALID"),
        ("$12", "AMOUNT_INVALID"),
        ("-12-", "AMOUNT_INVALID"),
        ("(-12)", "AMOUNT_INVALID"),
        ("(12", "AMOUNT_INVALID"),
        ("12元5角", "AMOUNT_INVALID"),
        ("1E3", "AMOUNT_INVALID"),
        ("abc", "AMOUNT_INVALID"),
        (True, "AMOUNT_INVALID"),
        (float("nan"), "AMOUNT_INVALID"),
        (float("inf"), "AMOUNT_INVALID"),
        ("10000000000", "AMOUNT_TOO_LARGE"),
        ("9999999999.995", "AMOUNT_TOO_LARGE"),
        ("-10000000000", "AMOUNT_TOO_LARGE"),
        (1e300, "AMOUNT_TOO_LARGE"),
        pytest.param(10**5000, "AMOUNT_TOO_LARGE", id="5001 digits"),
        (Decimal("1E+999999"), "AMOUNT_TOO_LARGE"),
        ("9" * 400, "TEXT_TOO_LONG"),
        ("锟斤拷", "TEXT_MOJIBAKE"),
    ],
)
def test_what_is_no_certain_amount_is_refused(
    written: str | int | float | Decimal | None, code: str
) -> None:
    with pytest.raises(Unclean) as refusal:
        parse_fen(written)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("fen", "text"),
    [(1250, "12.50"), (0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-1250, "-12.50"), (100, "1.00")],
)
def test_fen_are_written_with_two_decimals(fen: int, text: str) -> None:
    assert format_fen(fen) == text


@given(st.integers(1 - FEN_LIMIT, FEN_LIMIT - 1))
def test_what_is_written_reads_back(fen: int) -> None:
    assert parse_fen(format_fen(fen)) == fen


@given(st.integers(0, FEN_LIMIT - 1))
def test_every_form_of_one_amount_is_the_same_amount(fen: int) -> None:
    plain = format_fen(fen)
    grouped = f"{Decimal(plain):,}"
    assert {parse_fen(form) for form in (plain, grouped, f"¥{grouped}", f"{plain}元")} == {fen}
    assert {parse_fen(form) for form in (f"-{plain}", f"({grouped})", f"{plain}-")} == {-fen}


@given(st.floats(-1e9, 1e9).map(lambda yuan: round(yuan, 2)))
def test_a_float_of_whole_fen_keeps_them(yuan: float) -> None:
    assert parse_fen(yuan) == round(Decimal(repr(yuan)) * 100)


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.text("0123456789.,-+()¥元万折%分 eE"),
        st.floats(),
        st.integers(),
        st.decimals(allow_nan=False),
        st.booleans(),
    )
)
def test_nothing_but_unclean_is_ever_raised(value: str | int | float | Decimal) -> None:
    try:
        fen = parse_fen(value)
    except Unclean:
        return
    assert abs(fen) < FEN_LIMIT

"""Text: what files, clipboards and spreadsheets do to one value."""

import contextlib
import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.kit.cleaning import Unclean, clean_scalar, clean_text, is_mojibake, shown

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("张三", "张三"),
        ("张三 ", "张三"),
        ("张　三", "张 三"),
        ("张\r\n三", "张 三"),
        ("VIP张三(13800138000)", "VIP张三(13800138000)"),
        ("VIP张三（13800138000）", "VIP张三(13800138000)"),
        ("Lee·买买提", "Lee·买买提"),
        ("張三", "張三"),
        ("𠮷野家", "𠮷野家"),
        ("Ａ－００１", "A-001"),
        ("A&amp;B", "A&B"),
        ("A&amp;amp;B", "A&B"),
        ("A&#20108;", "A二"),
        ("R&D", "R&D"),
        ("A&copy", "A&copy"),
        ("138\u200b0013\u200e8000\u202c", "13800138000"),
        ("\ufeff手机号", "手机号"),
        ("138\u00a00013", "138 0013"),
        ("a\x00b\x1ac", "abc"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("张\u200d三", "张三"),
        ("葛\U000e0100城", "葛城"),
        ("❤\ufe0f", "❤"),
        ('="13800138000"', "13800138000"),
        ('="a ""b"""', 'a "b"'),
        ("'13800138000", "13800138000"),
        ("`13800138000", "13800138000"),
        ("13800138000\t", "13800138000"),
        ("-12.00", "-12.00"),
        ("+86 138", "+86 138"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("0", "0"),
        ("12345", "12345"),
        ("", None),
        (" \u3000\t", None),
        ("\u200b", None),
        ("null", None),
        ("NULL", None),
        ("None", None),
        ("N/A", None),
        ("#N/A", None),
        ("\\N", None),
        ("#REF!", None),
        ("undefined", None),
        ("ｎｕｌｌ", None),
        ("Nullarbor", "Nullarbor"),
        ("x" * 200, "x" * 200),
    ],
)
def test_text_takes_one_comparable_form(raw: str, clean: str | None) -> None:
    assert clean_text(raw) == clean


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("锟斤拷", "TEXT_MOJIBAKE"),
        ("会员锟斤拷", "TEXT_MOJIBAKE"),
        ("张\ufffd", "TEXT_MOJIBAKE"),
        ("&#xD800;", "TEXT_MOJIBAKE"),
        ("浼氬憳", "TEXT_MOJIBAKE"),
        ("»áÔ±", "TEXT_MOJIBAKE"),
        ("ÕÅÈý", "TEXT_MOJIBAKE"),
        ("张\ud800", "TEXT_SURROGATE"),
        ("x" * 201, "TEXT_TOO_LONG"),
        ("张" * 201, "TEXT_TOO_LONG"),
        ("\ufdfa" * 20, "TEXT_TOO_LONG"),
        ("e" + "\u0301" * 100_000, "TEXT_TOO_LONG"),
        ("&" + "amp;" * 50, "TEXT_NESTED"),
    ],
)
def test_what_cannot_be_read_for_certain_is_refused(raw: str, code: str) -> None:
    with pytest.raises(Unclean) as refusal:
        clean_text(raw)
    assert refusal.value.code == code
    assert len(refusal.value.found) <= 80


@pytest.mark.parametrize(
    "honest",
    ["会员", "会员卡", "张三丰", "烫烫烫", "联通", "麻辣香锅", "欧阳娜娜", "éè", "Ångström", "ÄÖÜ"],
)
def test_honest_words_are_not_taken_for_mojibake(honest: str) -> None:
    assert not is_mojibake(honest)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (None, None),
        (7, "7"),
        (-7, "-7"),
        (13800138000, "13800138000"),
        (13800138000.0, "13800138000"),
        (0.356, "0.356"),
        (1e22, "1e+22"),
        (" a ", "a"),
    ],
)
def test_a_scalar_becomes_the_text_a_till_means(raw: object, clean: str | None) -> None:
    assert clean_scalar(raw) == clean


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (True, "TEXT_EXPECTED"),
        ([], "TEXT_EXPECTED"),
        ({"a": 1}, "TEXT_EXPECTED"),
        (float("nan"), "TEXT_EXPECTED"),
        (float("-inf"), "TEXT_EXPECTED"),
        pytest.param(10**5000, "TEXT_TOO_LONG", id="5001 digits"),
    ],
)
def test_what_is_no_scalar_text_is_refused(raw: object, code: str) -> None:
    with pytest.raises(Unclean) as refusal:
        clean_scalar(raw)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ({}, "an object"),
        ([1], "a list"),
        pytest.param(10**5000, "a very long number", id="5001 digits"),
        ("a\x00\ud800", "a\ufffd\ufffd"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
    ],
)
def test_found_values_are_short_and_printable(value: object, text: str) -> None:
    assert shown(value) == text


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing_and_only_unclean_is_raised(raw: str) -> None:
    try:
        once = clean_text(raw)
    except Unclean as refusal:
        refusal.found.encode()
        return
    if once is not None:
        assert clean_text(once) == once
        assert unicodedata.is_normalized("NFKC", once)
        assert once == once.strip()
        assert "\x00" not in once


@given(st.text("'`=\"&amp;#39 \u200d\u200b\uff07", max_size=40))
def test_guards_within_guards_settle(raw: str) -> None:
    once: str | None = None
    with contextlib.suppress(Unclean):
        once = clean_text(raw)
    assert once is None or clean_text(once) == once


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | ANY_TEXT, st.lists))
def test_any_value_can_be_shown_and_stored(value: Any) -> None:
    text = shown(value)
    assert len(text) <= 80
    assert json.loads(json.dumps(text).encode()) == text
    assert "\x00" not in text

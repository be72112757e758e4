"""What may be asked for, what fits a field, and how complete a profile is."""

from dataclasses import replace
from datetime import date

import pytest

from shuke_core.members.rules import Gender
from shuke_core.profiles.errors import ProfileFieldInvalid, ProfileValueInvalid
from shuke_core.profiles.regions import is_region, region_name
from shuke_core.profiles.rules import (
    BUILTIN,
    FieldKind,
    FieldSpec,
    checked_spec,
    completion,
    masked_value,
    taken,
)

TODAY = date(2026, 11, 24)


def spec(kind: FieldKind, **more: object) -> FieldSpec:
    return FieldSpec("x", kind, "某", "X", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (spec(FieldKind.TEXT), "  四十二 ", "四十二"),
        (spec(FieldKind.TEXT), "   ", None),
        (spec(FieldKind.TEXT), None, None),
        (spec(FieldKind.TEXT, longest=3), "一二三", "一二三"),
        (spec(FieldKind.NUMBER), "-42", -42),
        (spec(FieldKind.NUMBER), "", None),
        (spec(FieldKind.NUMBER, least=35, most=48), "48", 48),
        (spec(FieldKind.DATE), "2030-02-28", date(2030, 2, 28)),
        (spec(FieldKind.CHOICE, choices=("茶", "咖啡")), "茶", "茶"),
        (BUILTIN["birthday"], "2026-11-24", TODAY),
        (BUILTIN["birthday"], "1900-01-01", date(1900, 1, 1)),
        (BUILTIN["gender"], "female", Gender.FEMALE.value),
        (BUILTIN["region"], "440305", "440305"),
        (BUILTIN["nickname"], "阿王😀", "阿王😀"),
    ],
)
def test_what_fits_is_taken(field: FieldSpec, text: str | None, value: object) -> None:
    assert taken(field, text, TODAY) == value


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (spec(FieldKind.TEXT, longest=3), "一二三四"),
        (spec(FieldKind.NUMBER), "4.2"),
        (spec(FieldKind.NUMBER), "٤"),
        (spec(FieldKind.NUMBER), "1" * 17),
        (spec(FieldKind.NUMBER, least=35), "34"),
        (spec(FieldKind.NUMBER, most=48), "49"),
        (spec(FieldKind.DATE), "2026-02-30"),
        (spec(FieldKind.CHOICE, choices=("茶", "咖啡")), "酒"),
        (BUILTIN["birthday"], "2026-11-25"),
        (BUILTIN["birthday"], "1899-12-31"),
        (BUILTIN["gender"], "FEMALE"),
        (BUILTIN["region"], "440399"),
        (BUILTIN["region"], "深圳"),
        (BUILTIN["name"], "王" * 61),
    ],
)
def test_what_does_not_fit_is_refused_and_not_repeated(field: FieldSpec, text: str) -> None:
    with pytest.raises(ProfileValueInvalid) as refused:
        taken(field, text, TODAY)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(spec(FieldKind.TEXT), key="Shoes"),
        replace(spec(FieldKind.TEXT), key="name"),
        spec(FieldKind.BUILTIN),
        replace(spec(FieldKind.TEXT), label_zh=" "),
        replace(spec(FieldKind.TEXT), reason_en="x" * 201),
        spec(FieldKind.TEXT, choices=("a", "b")),
        spec(FieldKind.TEXT, longest=201),
        spec(FieldKind.TEXT, least=1),
        spec(FieldKind.NUMBER, longest=3),
        spec(FieldKind.NUMBER, least=2, most=1),
        spec(FieldKind.CHOICE, choices=("a",)),
        spec(FieldKind.CHOICE, choices=("a", "a")),
        spec(FieldKind.TEXT, reward_points=-1),
        spec(FieldKind.TEXT, reward_points=100_001),
        spec(FieldKind.TEXT, change_after_days=0),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(wrong: FieldSpec) -> None:
    with pytest.raises(ProfileFieldInvalid):
        checked_spec(wrong)


def test_a_field_is_kept_clean() -> None:
    kept = checked_spec(spec(FieldKind.CHOICE, choices=(" 茶 ", "咖啡"), reason_zh=" 送礼 "))
    assert (kept.choices, kept.reason_zh) == (("茶", "咖啡"), "送礼")


def test_a_region_is_named_with_those_above_it() -> None:
    assert region_name("440305") == "广东省 深圳市 南山区"
    assert region_name("440300") == "广东省 深圳市"
    assert region_name("440000") == "广东省"
    assert region_name("110101") == "北京市 东城区"
    assert region_name("999999") is None
    assert not is_region("44030")
    assert all(is_region(code) for code in ("710000", "810000", "820000", "650102"))


def test_completion_is_of_what_is_asked_for() -> None:
    assert completion(["a", "b", "c"], ["a", "x"]) == 33
    assert completion(["a", "b", "c"], ["c", "b", "a"]) == 100
    assert completion(["a"], []) == 0
    assert completion([], ["x"]) == 100


def test_the_audit_shows_no_whole_value() -> None:
    assert masked_value("王小明") == "王**"
    assert masked_value(date(1990, 5, 1)) == "1990-**-**"
    assert masked_value(42) == 42
    assert masked_value(None) is None

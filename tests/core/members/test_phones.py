"""Phone numbers: every form found in member columns, and what is no key for a member."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.kit.cleaning import Unclean
from shuke_core.members.phones import Phone, names_no_member, normalise_phone, read_phone

MOBILE = Phone("+8613800138000", "138****8000")
MOBILE_OF_SEVERAL = Phone("+8613800138000", "138****8000", several=True)


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("13800138000", MOBILE),
        ("138 0013 8000", MOBILE),
        ("138-0013-8000", MOBILE),
        ("138.0013.8000", MOBILE),
        ("+86 138-0013-8000", MOBILE),
        ("+8613800138000", MOBILE),
        ("8613800138000", MOBILE),
        ("008613800138000", MOBILE),
        ("(+86)13800138000", MOBILE),
        ("+(86)13800138000", MOBILE),
        ("(13800138000)", MOBILE),
        ("86-13800138000", MOBILE),
        ("＋８６　１３８００１３８０００", MOBILE),
        ("１３８００１３８０００", MOBILE),
        ("13800138000.0", MOBILE),
        ("1.3800138E+10", MOBILE),
        ("1.3800138000E10", MOBILE),
        ("013800138000", MOBILE),
        ("\u200b138\u00a00013\u200e8000\u202c\t", MOBILE),
        ('="13800138000"', MOBILE),
        ("'13800138000", MOBILE),
        ("`13800138000", MOBILE),
        ("13800138000\t", MOBILE),
        ("13800138000\n", MOBILE),
        ("13800138000/13900139000", MOBILE_OF_SEVERAL),
        ("13800138000、13900139000", MOBILE_OF_SEVERAL),
        ("13800138000 或 13900139000", MOBILE_OF_SEVERAL),
        ("13800138000，13900139000", MOBILE_OF_SEVERAL),
        ("13800138000 13900139000", MOBILE_OF_SEVERAL),
        ("13800138000(13900139000)", MOBILE_OF_SEVERAL),
        ("13800138000(张)", MOBILE_OF_SEVERAL),
        ("13800138000（张）", MOBILE_OF_SEVERAL),
        ("13800138000张三", MOBILE_OF_SEVERAL),
        ("17012345678", Phone("+8617012345678", "170****5678")),
        ("16512345678", Phone("+8616512345678", "165****5678")),
        ("19212345678", Phone("+8619212345678", "192****5678")),
        ("13888888888", Phone("+8613888888888", "138****8888")),
        ("+852 6123 4567", Phone("+85261234567", "+852****4567")),
        ("0085261234567", Phone("+85261234567", "+852****4567")),
        ("+1 415 555 2671", Phone("+14155552671", "+1****2671")),
        ("+354 611 1234", Phone("+3546111234", "+354****34")),
    ],
)
def test_a_number_becomes_its_key(written: str, phone: Phone) -> None:
    assert normalise_phone(written) == phone


@pytest.mark.parametrize(
    "written",
    [
        *(None, "", " \u3000", "散客", "无", "0", "-", "--", "/", "NULL", "#N/A", "非会员"),
        *("00000000000", "11111111111", "99999999999", "０"),
    ],
)
def test_a_word_for_nobody_is_no_member(written: str | None) -> None:
    assert normalise_phone(written) is None


@pytest.mark.parametrize(
    ("written", "code", "found"),
    [
        ("138****8000", "PHONE_MASKED", "138****8000"),
        ("138 **** 8000", "PHONE_MASKED", "138 **** 8000"),
        ("1380013****", "PHONE_MASKED", "1380013****"),
        ("138xxxx8000", "PHONE_MASKED", "138xxxx8000"),
        ("1.38E+10", "PHONE_DIGITS_LOST", "1.38E+10"),
        ("1.38001E+10", "PHONE_DIGITS_LOST", ""),
        ("1.380014e+10", "PHONE_DIGITS_LOST", ""),
        ("010-12345678", "PHONE_NOT_MOBILE", "010-****5678"),
        ("(021)6234 5678转801", "PHONE_NOT_MOBILE", ""),
        ("+86 21 6234 5678", "PHONE_NOT_MOBILE", ""),
        ("400-800-8820", "PHONE_NOT_MOBILE", "400-***-8820"),
        ("95588", "PHONE_NOT_MOBILE", ""),
        ("62345678", "PHONE_NOT_MOBILE", "62****78"),
        ("13800138000转1234", "PHONE_HAS_EXTENSION", ""),
        ("17012345678,1234", "PHONE_HAS_EXTENSION", ""),
        ("13800138000_1234", "PHONE_HAS_EXTENSION", ""),
        ("12345678901", "PHONE_INVALID", "123****8901"),
        ("1380013800", "PHONE_INVALID", "138***3800"),
        ("138001380000", "PHONE_INVALID", "138*****0000"),
        ("138OO138000", "PHONE_INVALID", "13*OO****00"),
        ("1380013800O", "PHONE_INVALID", "138***3800O"),
        ("l3800138000", "PHONE_INVALID", ""),
        ("+852 123", "PHONE_INVALID", ""),
        ("张三", "PHONE_INVALID", "张三"),
        ("$x1Kd+/aQ==$1$", "PHONE_ENCRYPTED", "$x1Kd+/aQ==$1$"),
        ("锟斤拷", "TEXT_MOJIBAKE", ""),
        ("138\ud8000138000", "TEXT_SURROGATE", "138\ufffd***8000"),
        ("9" * 500, "TEXT_TOO_LONG", ""),
    ],
)
def test_what_is_no_certain_mobile_is_refused(written: str, code: str, found: str) -> None:
    with pytest.raises(Unclean) as refusal:
        normalise_phone(written)
    assert refusal.value.code == code
    assert found in {"", refusal.value.found}


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"))
def test_the_short_way_and_the_long_way_agree(digits: str) -> None:
    assert outcome(normalise_phone, digits) == outcome(read_phone, digits)


@given(st.from_regex(r"\A1[0-9]{9,11}\Z"))
def test_they_agree_on_numbers_of_nearly_that_shape(digits: str) -> None:
    assert outcome(normalise_phone, digits) == outcome(read_phone, digits)


@pytest.mark.slow
@given(st.from_regex(r"\A(13|15[0-35-9]|18)[0-9]{8,9}\Z"))
def test_a_key_is_its_own_key(digits: str) -> None:
    phone = outcome(normalise_phone, digits)
    if isinstance(phone, Phone):
        assert normalise_phone(phone.e164) == phone
        assert digits not in phone.masked


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=())),
        st.text("0123456789+-() .*/、转xEe$O张", max_size=40),
        st.integers(0, 10**15).map(str),
    )
)
def test_nothing_but_unclean_is_ever_raised(text: str) -> None:
    result = outcome(normalise_phone, text)
    if isinstance(result, Phone):
        assert result.e164[0] == "+"
        assert result.e164[1:].isascii()
        assert result.e164[1:].isdecimal()
        assert result.e164 not in result.masked


def test_card_columns_share_the_words_for_nobody() -> None:
    assert names_no_member("散客")
    assert not names_no_member("10001")


def outcome(rule: object, text: str) -> Phone | str | None:
    assert callable(rule)
    try:
        result = rule(text)
    except Unclean as refusal:
        return refusal.code
    assert result is None or isinstance(result, Phone)
    return result

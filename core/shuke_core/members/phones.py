"""Phone numbers as a member's key: what a till wrote, to one E.164 number or a clear refusal.

A wrong match gives one person another person's points, so nothing is repaired that carries less
than the whole number: masked, rounded and mistyped numbers are refused, each with its own code.
"""

import re
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber, PhoneNumberType

from shuke_core.kit.cleaning import Unclean, clean_text, shown

_CHINA: Final = 86
_NO_MEMBER: Final = frozenset(
    [
        *("散客", "匿名", "非会员", "普通顾客", "顾客", "未知", "未绑定", "未留"),
        *("无", "没有", "暂无", "空", "/", "guest", "walk-in", "walkin"),
    ]
)
_NOTHING_BUT_DASHES = re.compile(r"[-–—_.·]+|0+|([1-9])\1{10}")

_CIPHERTEXT = re.compile(r"[$~].+[$~][0-9]+[$~]")
_MASKED = re.compile(r"[0-9][0-9 -]*[*×•●＊#xX]{2,}|[*×•●＊]{2,}[0-9 -]*[0-9]")
_SCIENTIFIC = re.compile(r"([1-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})")
# %g keeps 6 digits and %e keeps 7: only from 8 on did somebody mean to keep the number.
_WHOLE_FROM_DIGITS: Final = 8
_FLOAT = re.compile(r"([0-9]+)\.0+")
_LEADING_NUMBER = re.compile(r"\(?\+?\(?[0-9](?:[0-9 ().+-]*[0-9])?")
_EXTENSION = re.compile(r"\)? ?(?:转|分机|ext\.?|[,，_#x]) ?:?[0-9]{1,6}", re.IGNORECASE)
# After the number: another one, or a note on whose it is (`(张)`). Latin letters would be typos.
_ANOTHER = re.compile(r"\)? ?(?:[/\\、,;|&(\[【]| ?[\u4e00-\u9fff]).*")
_MOBILE_SHAPE = re.compile(r"(?<![0-9])1[3-9](?:[ .-]?[0-9]){9}(?![0-9])")
_SERVICE = re.compile(r"1[0-9]{2,4}|9[56][0-9]{3,6}|[48]00[0-9]{7}|[2-9][0-9]{6,7}")

_mainland = PhoneMetadata.metadata_for_region("CN")
if _mainland is None or _mainland.mobile is None:
    raise ImportError("phonenumbers comes without its data for CN")
# The library's own pattern, so that the fast path cannot drift from it when new ranges open.
_PLAIN_MAINLAND = re.compile(_mainland.mobile.national_number_pattern or "", re.ASCII)


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be a member's key.

    `e164` is the key; `masked` may be shown (`138****8000`); `several` says that the text named
    more than this number, so that a person should look before anything irreversible happens.
    """

    e164: str
    masked: str
    several: bool = False


def normalise_phone(text: str | None) -> Phone | None:
    """The phone number in `text`; None where it says that the buyer is no member.

    Mainland numbers must be mobiles; numbers with another country's prefix are kept as E.164. Of
    several numbers the first counts. Raises `Unclean`: PHONE_MASKED, PHONE_ENCRYPTED,
    PHONE_DIGITS_LOST (`1.38E+10`), PHONE_NOT_MOBILE, PHONE_HAS_EXTENSION (a privacy number of a
    delivery platform), PHONE_INVALID, and the codes of `clean_text`. `Unclean.found` is masked.
    """
    if text is None:
        return None
    if _PLAIN_MAINLAND.fullmatch(text):
        return Phone(f"+86{text}", f"{text[:3]}****{text[7:]}")
    return read_phone(text)


def read_phone(text: str) -> Phone | None:
    """`normalise_phone` without its shortcut for plain mainland mobiles."""
    try:
        cleaned = clean_text(text, longest=100)
        if cleaned is None or names_no_member(cleaned):
            return None
        return _read_cleaned(cleaned)
    except Unclean as refusal:
        raise Unclean(refusal.code, _hide_digits(shown(text))) from None


def names_no_member(text: str) -> bool:
    """Does a member column with `text` in it say that there is no member (`散客`, `0`, `-`)?

    One digit eleven times is what staff type to get past the question.
    """
    return text.casefold() in _NO_MEMBER or _NOTHING_BUT_DASHES.fullmatch(text) is not None


def _read_cleaned(text: str) -> Phone:
    if _CIPHERTEXT.fullmatch(text):
        raise Unclean("PHONE_ENCRYPTED", text)
    if _MASKED.search(text):
        raise Unclean("PHONE_MASKED", text)
    text = _undo_number_format(text)
    head = _LEADING_NUMBER.match(text)
    if head is None:
        raise Unclean("PHONE_INVALID", text)
    rest = text[head.end() :].strip()
    if rest in {"", ")"}:
        mobiles = _MOBILE_SHAPE.findall(text)
        if len(mobiles) > 1:
            return _read_number(mobiles[0], several=True)
        return _read_number(head[0])
    if _EXTENSION.fullmatch(rest):
        _read_number(head[0])
        raise Unclean("PHONE_HAS_EXTENSION", text)
    if _ANOTHER.fullmatch(rest):
        return _read_number(head[0], several=True)
    raise Unclean("PHONE_INVALID", text)


def _undo_number_format(text: str) -> str:
    """A number that went through a float: `13800138000.0`, `1.3800138E+10`."""
    if whole := _FLOAT.fullmatch(text):
        return whole[1]
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific is None:
        return text
    digits = scientific[1] + (scientific[2] or "")
    length = int(scientific[3]) + 1
    if len(digits) < _WHOLE_FROM_DIGITS or len(digits) > length:
        raise Unclean("PHONE_DIGITS_LOST", text)
    return digits.ljust(length, "0")


def _read_number(text: str, *, several: bool = False) -> Phone:
    digits = re.sub(r"[^0-9]", "", text)
    if _SERVICE.fullmatch(digits):
        raise Unclean("PHONE_NOT_MOBILE", text)
    # `(+86)138…`: the library wants its plus first.
    dialled = f"+{digits}" if "+" in text[:2] else digits
    try:
        number = phonenumbers.parse(dialled, "CN")
    except NumberParseException:
        raise Unclean("PHONE_INVALID", text) from None
    if not phonenumbers.is_valid_number(number):
        raise Unclean("PHONE_INVALID", text)
    is_mobile = phonenumbers.number_type(number) == PhoneNumberType.MOBILE
    if number.country_code == _CHINA and not is_mobile:
        raise Unclean("PHONE_NOT_MOBILE", text)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, _mask(number, e164), several)


def _mask(number: PhoneNumber, e164: str) -> str:
    if number.country_code == _CHINA:
        return f"{e164[3:6]}****{e164[-4:]}"
    prefix = f"+{number.country_code}"
    # Half of a short number would nearly name its owner.
    kept = 4 if len(e164) - len(prefix) >= 8 else 2
    return f"{prefix}****{e164[-kept:]}"


def _hide_digits(text: str) -> str:
    """Every digit but the first three and the last four as `*`: errors are stored and shown.

    Of eight or nine two stay at each end: with seven shown a landline would be all but whole.
    """
    places = [place for place, letter in enumerate(text) if letter.isdecimal()]
    hidden = set(places[2:-2] if len(places) in (8, 9) else places[3:-4])
    return "".join("*" if place in hidden else letter for place, letter in enumerate(text))

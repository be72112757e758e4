"""Pure rules of profiles: what may be asked for, what fits a field, how complete a profile is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import TypeAlias
from uuid import UUID

from shuke_core.files.errors import FileUnknown
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.crypto import keyed_digest
from shuke_core.members.rules import LONGEST_NAME, Gender
from shuke_core.profiles.errors import ProfileFieldInvalid, ProfileValueInvalid
from shuke_core.profiles.regions import is_region

MOST_FIELDS = 40
MOST_CHOICES = 50
LONGEST_TEXT = 200
LONGEST_REASON = 200
LONGEST_LABEL = 60
MOST_REWARD = 100_000
MOST_DAYS = 3_650
LARGEST_NUMBER = 10**15
FIRST_BIRTHDAY = date(1900, 1, 1)
AVATAR = "avatar"  # the key of the field that is a file
_MAY_BE_A_PHONE = 1_000_000  # seven digits
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NUMBER = re.compile(r"-?[0-9]{1,16}")

Value: TypeAlias = str | int | date | UUID


class FieldKind(Enum):
    """What a field is filled in with."""

    BUILTIN = "builtin"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field as the tenant asks for it; see `models.ProfileField`."""

    key: str
    kind: FieldKind
    label_zh: str
    label_en: str
    reason_zh: str = ""
    reason_en: str = ""
    required: bool = False
    reward_points: int = 0
    longest: int | None = None
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    change_after_days: int | None = None
    place: int = 0
    active: bool = True


# What is asked for before the tenant says otherwise. Their keys are columns of the member. A
# birthday is changed to get the birthday's gift twice: hence once a year.
BUILTIN: dict[str, FieldSpec] = {
    spec.key: spec
    for spec in (
        FieldSpec("nickname", FieldKind.BUILTIN, "昵称", "Nickname"),
        FieldSpec("name", FieldKind.BUILTIN, "姓名", "Name"),
        FieldSpec("gender", FieldKind.BUILTIN, "性别", "Gender"),
        FieldSpec("birthday", FieldKind.BUILTIN, "生日", "Birthday", change_after_days=365),
        FieldSpec("region", FieldKind.BUILTIN, "地区", "Region"),
        FieldSpec(AVATAR, FieldKind.BUILTIN, "头像", "Picture"),
    )
}


def checked_spec(spec: FieldSpec) -> FieldSpec:
    """The field as it is kept; raises ProfileFieldInvalid."""
    if not _KEY.fullmatch(spec.key):
        raise ProfileFieldInvalid(why="a key is 1 to 40 of a-z, 0-9 and _, a letter first")
    if (spec.kind is FieldKind.BUILTIN) != (spec.key in BUILTIN):
        raise ProfileFieldInvalid(why=f"built-in are {', '.join(BUILTIN)}, and they alone")
    choices = tuple(_legible(each, LONGEST_LABEL) for each in spec.choices)
    _check_bounds(replace(spec, choices=choices))
    if not 0 <= spec.reward_points <= MOST_REWARD:
        raise ProfileFieldInvalid(why=f"a reward is 0 to {MOST_REWARD} points")
    if spec.change_after_days is not None and not 1 <= spec.change_after_days <= MOST_DAYS:
        raise ProfileFieldInvalid(why=f"it may be changed again after 1 to {MOST_DAYS} days")
    if not 0 <= spec.place < MOST_FIELDS * 100:
        raise ProfileFieldInvalid(why=f"places are 0 to {MOST_FIELDS * 100 - 1}")
    return replace(
        spec,
        label_zh=_legible(spec.label_zh, LONGEST_LABEL),
        label_en=_legible(spec.label_en, LONGEST_LABEL),
        reason_zh=_legible(spec.reason_zh, LONGEST_REASON) if spec.reason_zh else "",
        reason_en=_legible(spec.reason_en, LONGEST_REASON) if spec.reason_en else "",
        choices=choices,
    )


def _check_bounds(spec: FieldSpec) -> None:
    """Bounds and choices go with the kind that has them."""
    if spec.kind is FieldKind.CHOICE:
        if not 2 <= len(set(spec.choices)) == len(spec.choices) <= MOST_CHOICES:
            raise ProfileFieldInvalid(why=f"a choice has 2 to {MOST_CHOICES} different choices")
    elif spec.choices:
        raise ProfileFieldInvalid(why="only a choice has choices")
    if spec.longest is not None and (
        spec.kind is not FieldKind.TEXT or not 1 <= spec.longest <= LONGEST_TEXT
    ):
        raise ProfileFieldInvalid(why=f"only texts have a length, 1 to {LONGEST_TEXT}")
    bounds = [each for each in (spec.least, spec.most) if each is not None]
    if bounds and spec.kind is not FieldKind.NUMBER:
        raise ProfileFieldInvalid(why="only numbers have a range")
    if bounds != sorted(bounds) or any(abs(each) > LARGEST_NUMBER for each in bounds):
        raise ProfileFieldInvalid(why="the range is empty, or beyond reason")


def _legible(text: str, longest: int) -> str:
    try:
        clean = clean_text(text, longest=longest)
    except Unclean:
        clean = None
    if clean is None:
        raise ProfileFieldInvalid(why=f"a text has 1 to {longest} legible characters")
    return clean


def taken(spec: FieldSpec, text: str | None, today: date) -> Value | None:
    """What the text says in that field; None for nothing. Raises ProfileValueInvalid, which never
    repeats what was typed, and FileUnknown for what can be no file's id."""
    if text is None:
        return None
    if spec.key == AVATAR:
        try:
            return UUID(text)
        except ValueError:
            raise FileUnknown() from None
    if spec.kind is FieldKind.NUMBER:
        return _number(spec, text.strip())
    if spec.kind is FieldKind.DATE or spec.key == "birthday":
        return _day(spec, text.strip(), today)
    longest = LONGEST_NAME if spec.kind is FieldKind.BUILTIN else spec.longest or LONGEST_TEXT
    try:
        clean = clean_text(text, longest=longest)
    except Unclean:
        raise ProfileValueInvalid(why=f"at most {longest} legible characters") from None
    if clean is None:
        return None
    if spec.kind is FieldKind.CHOICE and clean not in spec.choices:
        raise ProfileValueInvalid(why="it is none of the choices")
    if spec.key == "gender" and clean not in {each.value for each in Gender}:
        raise ProfileValueInvalid(why="it is none of female, male, other")
    if spec.key == "region" and not is_region(clean):
        raise ProfileValueInvalid(why="there is no division of that code")
    return clean


def _number(spec: FieldSpec, text: str) -> int | None:
    if not text:
        return None
    least = -LARGEST_NUMBER if spec.least is None else spec.least
    most = LARGEST_NUMBER if spec.most is None else spec.most
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise ProfileValueInvalid(why=f"a whole number from {least} to {most} is expected")
    return int(text)


def _day(spec: FieldSpec, text: str, today: date) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ProfileValueInvalid(why="a date is expected, such as 1990-03-01") from None
    if day < FIRST_BIRTHDAY or (spec.key == "birthday" and day > today):
        raise ProfileValueInvalid(why=f"days begin on {FIRST_BIRTHDAY}, and birthdays are past")
    return day


def completion(keys: Sequence[str], filled: Iterable[str]) -> int:
    """How much of what is asked for is there, in whole per cent, rounded down; all of nothing."""
    there = set(filled)
    return 100 * sum(key in there for key in keys) // len(keys) if keys else 100


def reward_cause(own_key: bytes, field: str) -> UUID:
    """The business identity of a reward: this field of the member whose key that is, however often it
    is filled in. Under the key, since a digest that anybody could make of the member's id would lead
    from the id, after an erasure, to the account that is kept for nobody."""
    return UUID(bytes=keyed_digest(own_key, "profile reward", field)[:16], version=5)


def masked_value(value: Value | None) -> object:
    """What the audit shows of a value: texts by their first character, dates by their year, and no
    number that may be a phone. Of a picture, that there is one."""
    if isinstance(value, UUID):
        return "***"
    if isinstance(value, date):
        return f"{value.year}-**-**"
    if isinstance(value, int) and abs(value) >= _MAY_BE_A_PHONE:
        return "***"
    return f"{value[:1]}**" if isinstance(value, str) else value

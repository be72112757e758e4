"""What is taken as a password, and what is refused for which reason."""

import pytest

from shuke_core.credentials import hashing
from shuke_core.credentials.errors import (
    PasswordCommon,
    PasswordTellsName,
    PasswordTooLong,
    PasswordTooShort,
)
from shuke_core.credentials.rules import LEAST, MOST, checked_password, common_passwords
from shuke_core.kit.errors import ShukeError

NAMES = ("lina", "李娜", "changpian", "长片唱片", "Bo")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "我家门前有一条小河流过",
        "dragon983247129",  # a common word, and nine digits that nobody knows
        "x" * 5 + "yz" * 3,
        "a b c d e f g h",
        "Robots in June",  # a name of two letters is in many words
        "z8" * 3 + "q" * (MOST - 6),
    ],
)
def test_a_long_one_is_taken_whatever_it_is_made_of(password: str) -> None:
    assert checked_password(password, NAMES) == password


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("", PasswordTooShort),
        ("x7#kQ9!ab"[: LEAST - 1], PasswordTooShort),
        ("x7" * (MOST // 2) + "y", PasswordTooLong),
        ("1234567890", PasswordCommon),
        ("qwertyuiop", PasswordCommon),
        ("QWERTYUIOP", PasswordCommon),
        ("password12", PasswordCommon),
        ("Password!123", PasswordCommon),
        ("poiuytrewq", PasswordCommon),
        ("aaaaaaaaaaaa", PasswordCommon),
        ("abcabcabcabc", PasswordCommon),
        ("x7#kx7#kx7#k", PasswordCommon),
        ("ｐａｓｓｗｏｒｄ１２", PasswordCommon),
        ("i am LINA indeed", PasswordTellsName),
        ("李娜的密码很长很长吧", PasswordTellsName),
        ("sunny changpian days", PasswordTellsName),
    ],
)
def test_one_that_is_easily_guessed_is_refused(password: str, refusal: type[ShukeError]) -> None:
    with pytest.raises(refusal) as refused:
        checked_password(password, NAMES)
    assert not password or password not in str(refused.value)


def test_full_width_letters_are_the_same_password() -> None:
    assert checked_password("ｑuiet boats 7", ()) == "quiet boats 7"


def test_the_list_of_common_ones_is_there() -> None:
    assert len(common_passwords()) == 30_000
    assert {"password", "123456", "woaini"} <= common_passwords()


async def test_a_hash_is_of_its_password_only_and_made_as_owasp_asks() -> None:
    async with hashing.turn():
        one, two = await hashing.hashed("quiet boats 7"), await hashing.hashed("quiet boats 7")
        assert one != two
        assert await hashing.matches(one, "quiet boats 7")
        assert not await hashing.matches(one, "quiet boats 8")
        assert not await hashing.matches("nothing of ours", "quiet boats 7")
        assert not await hashing.matches(None, "quiet boats 7")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not hashing.is_outdated(one)


def test_who_is_not_there_is_refused_with_the_parameters_of_today() -> None:
    assert not hashing.is_outdated(hashing.NOBODYS)

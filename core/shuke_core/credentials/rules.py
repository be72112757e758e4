"""What is a password: length first, nothing that everybody tries, nothing that names somebody.

No rules of composition, after NIST SP 800-63B. The common ones are the 30,000 passwords that the
package zxcvbn ships (MIT; its authors counted them in published leaks).
"""

import unicodedata
from collections.abc import Collection
from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from shuke_core.credentials.errors import (
    PasswordCommon,
    PasswordTellsName,
    PasswordTooLong,
    PasswordTooShort,
)

LEAST, MOST = 10, 256
_DECORATION = 4  # characters around a common password that do not make it another
_LEAST_NAME = 3
_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


@cache
def common_passwords() -> frozenset[str]:
    """In lower case."""
    return frozenset(FREQUENCY_LISTS["passwords"])


def normal(password: str) -> str:
    """The form that is hashed: what looks alike on two keyboards is the same password."""
    return unicodedata.normalize("NFKC", password)


def checked_password(password: str, names: Collection[str]) -> str:
    """The normal form; raises PasswordTooShort, ...TooLong, ...Common or ...TellsName.

    `names` are the handle, the person's name and what the tenant is called.
    """
    password = normal(password)
    if len(password) < LEAST:
        raise PasswordTooShort(least=LEAST)
    if len(password) > MOST:
        raise PasswordTooLong(most=MOST)
    folded = password.casefold()
    if _is_common(folded):
        raise PasswordCommon()
    for name in names:
        told = normal(name).casefold().strip()
        if told in folded and (len(told) >= _LEAST_NAME or not told.isascii()) and told:
            raise PasswordTellsName()
    return password


def _is_common(folded: str) -> bool:
    known, core = common_passwords(), folded.strip("0123456789!@#$%^&*()-_=+.,?~ ")
    if folded in known or len(set(folded)) < _LEAST_NAME:
        return True
    if core in known and len(folded) - len(core) <= _DECORATION:
        return True
    return _is_repeated(folded) or any(
        folded in run * 2 or folded[::-1] in run * 2 for run in _RUNS
    )


def _is_repeated(text: str) -> bool:
    """Whether it is something of up to half its length, over and over: abcabcabcabc."""
    return text in (text + text)[1:-1]

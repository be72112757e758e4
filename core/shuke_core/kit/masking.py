"""Hides what may name a person: in what is kept of a failure, and in every line of the log.

The rule is broad on purpose: a row of digits that could be a phone number is hidden although it
may be none. Ids stay legible, for they are hexadecimal with dashes. What is longer than a line
should be is cut before it is searched: whoever can have something logged must not make us search
for seconds, and every part of a pattern is bounded for the same reason.
"""

import re
import unicodedata

MOST = 32_000  # characters of one line or traceback
_REASON = 500
_REASON_READ = 2_000
# As long as a mail address can be; a phone number is shorter.
_TAIL = 320
_GAP = r"[ \t\u00a0\u3000.\u2010-\u2015\uff0d-]?"
# A mainland mobile with or without +86. In one piece a word or a dash may stand before it, as in
# `tel138...` and `%2B86138...`; in groups not, for dates and ids have such groups. What has more
# digits, or letters behind it, is an id; behind a dot it is a fraction. Then international ones.
_PHONE = re.compile(
    r"(?<![\d.])(?:[+\uff0b]|(?<!\w)00)?(?:86)?1[3-9]\d{9}(?!\w)"
    rf"|(?<![\w.-])(?:[(\uff08]?(?:[+\uff0b]|00)?86[)\uff09]?{_GAP})?"
    rf"(?:[(\uff08]1[3-9]\d[)\uff09]|1[3-9]\d)(?:{_GAP}\d){{8}}(?!\w)"
    r"|(?:(?<![\d.])[+\uff0b]|%2[Bb]|\\u002[Bb])[1-9](?:[ ()-]?\d){7,14}(?!\w)",
    re.ASCII,
)
_MAIL = re.compile(r"[^\s@<>\"'(]{1,64}@[^\s@<>\"')]{1,255}\.[^\s@<>\"')]{1,255}")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")  # full-width ones and those of other scripts
_LONG_ROW = re.compile(r"\d(?:[ ()+-]?\d){8,}")
# PostgreSQL keeps no NUL in a text, and half a character is no UTF-8.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def without_people(text: str, most: int = MOST) -> str:
    """The text with phone numbers and mail addresses hidden; at most about `most` characters.

    Where it is cut the end is left out, for it may be half a number.
    """
    read = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text[:most])
    shown = _MAIL.sub("***@***", _PHONE.sub("(phone)", read))
    return shown if len(text) <= most else f"{shown[:-_TAIL]}… ({len(text)} characters)"


def without_numbers(text: str) -> str:
    """`without_people`, and without any row of nine digits and more: for what repeats a caller's own
    words, among which is a phone that is mistyped, cut short or too long."""
    return _LONG_ROW.sub("(number)", without_people(text))


def reason_of(failure: BaseException) -> str:
    """What is kept of a failure beside the row that failed: its type and words, nobody's number."""
    told = _CONTROLS.sub("", f"{type(failure).__name__}: {failure}"[: _REASON_READ + _TAIL])
    return without_people(told, _REASON_READ)[:_REASON]

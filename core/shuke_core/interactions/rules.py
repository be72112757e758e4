"""Pure rules of interactions: what a form may ask, what may be answered, what becomes a task."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import Enum
from typing import Any

from shuke_core.interactions.errors import AnswersInvalid, FormInvalid, InteractionTextInvalid
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.members.phones import normalise_phone
from shuke_core.members.texts import clean_lines

LONGEST_TEXT = 2_000
LONGEST_LABEL = 60
MOST_QUESTIONS = 40
MOST_CHOICES = 50
MOST_AN_HOUR = 30
_LARGEST_NUMBER = 10**9
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Kind(Enum):
    """What an interaction is."""

    INQUIRY = "inquiry"
    FORM = "form"
    MESSAGE = "message"
    CAMPAIGN = "campaign"
    FEEDBACK = "feedback"


class QuestionType(Enum):
    """What a question of a form is answered with."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes_no"
    DATE = "date"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a form. `most` bounds a text's length or a number; `choices` what is chosen."""

    key: str
    zh: str
    en: str
    type: QuestionType
    required: bool = False
    most: int | None = None
    choices: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "type": self.type.value, "choices": list(self.choices)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Question":
        """What `stored` gave."""
        kind, choices = QuestionType(stored["type"]), tuple(stored["choices"])
        return cls(**{**stored, "type": kind, "choices": choices})


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of interactions of a kind. `role` gets the task where no advisor does, and when
    it is overdue and nobody has touched it."""

    kind: Kind
    form: str = ""
    makes_task: bool = True
    to_advisor: bool = True
    role: str = "clerk"
    due_minutes: int = 60


def default_rule(kind: Kind) -> Rule:
    """Before the tenant says otherwise: what waits for an answer is a task for an hour."""
    return Rule(kind, makes_task=kind in (Kind.INQUIRY, Kind.FORM, Kind.MESSAGE))


def checked_key(key: str) -> str:
    """The key of a form or question itself, or FormInvalid."""
    if not _KEY.fullmatch(key):
        raise FormInvalid(why=f"the key {key[:40]!r} is not 1 to 40 of a-z, 0-9 and _")
    return key


def checked_label(text: str) -> str:
    """A label as it is kept, or FormInvalid."""
    try:
        clean = clean_text(text, longest=LONGEST_LABEL)
    except Unclean:
        clean = None
    if clean is None:
        raise FormInvalid(why=f"labels have 1 to {LONGEST_LABEL} legible characters")
    return clean


def checked_questions(questions: Sequence[Question]) -> list[Question]:
    """The questions as they are kept; raises FormInvalid."""
    if not 1 <= len(questions) <= MOST_QUESTIONS:
        raise FormInvalid(why=f"it has 1 to {MOST_QUESTIONS} questions")
    if len({question.key for question in questions}) < len(questions):
        raise FormInvalid(why="two questions have one key")
    return [_checked_question(question) for question in questions]


def _checked_question(asked: Question) -> Question:
    choices = tuple(checked_label(choice) for choice in asked.choices)
    if asked.type is QuestionType.CHOICE:
        if not 2 <= len(set(choices)) == len(choices) <= MOST_CHOICES:
            raise FormInvalid(why=f"a choice has 2 to {MOST_CHOICES} different choices")
    elif choices:
        raise FormInvalid(why="only a choice has choices")
    bounded = {QuestionType.TEXT: LONGEST_TEXT, QuestionType.NUMBER: _LARGEST_NUMBER}
    if asked.most is not None and not 1 <= asked.most <= bounded.get(asked.type, 0):
        raise FormInvalid(why=f"the bound of {asked.key!r} does not fit its type")
    return Question(
        checked_key(asked.key),
        *(checked_label(asked.zh), checked_label(asked.en), asked.type, asked.required),
        *(asked.most, choices),
    )


def checked_text(text: str) -> str:
    """What a member wrote, cleaned; raises InteractionTextInvalid."""
    try:
        clean = clean_lines(text, longest=LONGEST_TEXT)
    except Unclean:
        clean = None
    if clean is None:
        raise InteractionTextInvalid(longest=LONGEST_TEXT)
    return clean


def checked_answers(questions: Sequence[Question], answers: object) -> dict[str, Any]:
    """The answers that fit the questions, cleaned; raises AnswersInvalid naming the question."""
    if not isinstance(answers, dict):
        raise AnswersInvalid(question="", why="answers are an object of keys and values")
    known = {question.key for question in questions}
    if not known.issuperset(answers):
        # Not repeated: what a member has typed there would stand in the clear with the refusal.
        raise AnswersInvalid(question="", why="there is an answer to what is not asked")
    taken = {}
    for question in questions:
        given = answers.get(question.key)
        value = None if given is None else _taken(question, given)
        if value is not None:
            taken[question.key] = value
        elif question.required:
            raise AnswersInvalid(question=question.key, why="it must be answered")
    return taken


def _taken(question: Question, given: object) -> object:
    """The answer as it is kept; None where it says nothing."""

    def refused(why: str) -> AnswersInvalid:
        return AnswersInvalid(question=question.key, why=why)

    if question.type is QuestionType.YES_NO:
        if not isinstance(given, bool):
            raise refused("true or false is expected")
        return given
    if question.type is QuestionType.NUMBER:
        most = question.most or _LARGEST_NUMBER
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
            raise refused(f"a whole number from 0 to {most} is expected")
        return given
    if not isinstance(given, str):
        raise refused("a text is expected")
    try:
        clean = clean_lines(given, longest=question.most or LONGEST_TEXT)
        if clean is None:
            return None
        if question.type is QuestionType.PHONE:
            phone = normalise_phone(clean)
            return phone.e164 if phone else None
    except Unclean:
        raise refused("it is illegible or too long") from None
    if question.type is QuestionType.CHOICE and clean not in question.choices:
        raise refused("it is none of the choices")
    if question.type is QuestionType.DATE:
        try:
            return date.fromisoformat(clean).isoformat()
        except ValueError:
            raise refused("a date is expected, such as 2026-03-01") from None
    return clean

"""What a form may ask, and what may be answered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.interactions.errors import AnswersInvalid, FormInvalid
from shuke_core.interactions.rules import (
    Kind,
    Question,
    QuestionType,
    checked_answers,
    checked_questions,
    default_rule,
)

T = QuestionType
QUESTIONS = [
    Question("name", "姓名", "Name", T.TEXT, required=True, most=10),
    Question("age", "年龄", "Age", T.NUMBER, most=120),
    Question("day", "哪天", "Day", T.CHOICE, choices=("周六", "周日")),
    Question("member", "会员?", "Member?", T.YES_NO),
    Question("born", "生日", "Born", T.DATE),
    Question("phone", "手机", "Phone", T.PHONE),
]
FULL = {
    "name": " 王 小明 ", "age": 8, "day": "周日", "member": False, "born": "2018-02-28",
    "phone": "138 0013 8000"}  # fmt: skip


def test_answers_that_fit_are_kept_clean() -> None:
    assert checked_answers(QUESTIONS, FULL) == {
        "name": "王 小明", "age": 8, "day": "周日", "member": False, "born": "2018-02-28",
        "phone": "+8613800138000"}  # fmt: skip
    assert checked_answers(QUESTIONS, {"name": "王", "age": None, "born": " "}) == {"name": "王"}


@pytest.mark.parametrize(
    ("change", "question"),
    [
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "长" * 11}, "name"),
        ({"name": 7}, "name"),
        ({"age": 121}, "age"),
        ({"age": -1}, "age"),
        ({"age": True}, "age"),
        ({"age": "8"}, "age"),
        ({"age": 8.5}, "age"),
        ({"day": "周一"}, "day"),
        ({"member": "yes"}, "member"),
        ({"born": "28.2.2018"}, "born"),
        ({"born": "2018-02-30"}, "born"),
        ({"phone": "1380013"}, "phone"),
        ({"other": "x"}, ""),
    ],
)
def test_answers_that_do_not_fit_are_refused_by_name(change: dict[str, Any], question: str) -> None:
    with pytest.raises(AnswersInvalid) as refused:
        checked_answers(QUESTIONS, FULL | change)
    assert refused.value.facts["question"] == question


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_is_answered_is_taken_or_refused(answers: object) -> None:
    try:
        taken = checked_answers(QUESTIONS, answers)
    except AnswersInvalid:
        return
    assert taken.keys() <= {question.key for question in QUESTIONS}


@pytest.mark.parametrize(
    "questions",
    [
        [],
        [Question("a", "甲", "A", T.TEXT)] * 2,
        [Question("A", "甲", "A", T.TEXT)],
        [Question("a", " ", "A", T.TEXT)],
        [Question("a", "甲", "A" * 61, T.TEXT)],
        [Question("a", "甲", "A", T.CHOICE, choices=("x",))],
        [Question("a", "甲", "A", T.CHOICE, choices=("x", "x"))],
        [Question("a", "甲", "A", T.TEXT, choices=("x", "y"))],
        [Question("a", "甲", "A", T.TEXT, most=0)],
        [Question("a", "甲", "A", T.TEXT, most=2001)],
        [Question("a", "甲", "A", T.DATE, most=5)],
        [Question(f"q{n}", "甲", "A", T.TEXT) for n in range(41)],
    ],
)
def test_what_can_be_no_form(questions: list[Question]) -> None:
    with pytest.raises(FormInvalid):
        checked_questions(questions)


def test_a_question_comes_back_as_it_was_stored() -> None:
    kept = checked_questions(QUESTIONS)
    assert [Question.of(question.stored()) for question in kept] == kept == QUESTIONS


def test_what_waits_for_an_answer_is_a_task_without_a_rule() -> None:
    assert [kind for kind in Kind if default_rule(kind).makes_task] == [
        Kind.INQUIRY, Kind.FORM, Kind.MESSAGE]  # fmt: skip

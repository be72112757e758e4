"""Which fields stay, and which an undo gives back: pure rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.merging.rules import COLUMNS, FIELDS, FieldRule, given_back, settled
from shuke_schema.merging.types import MergeField

values = st.none() | st.sampled_from(["a", "b"])
profiles = st.fixed_dictionaries(dict.fromkeys(COLUMNS, values))
choices = st.dictionaries(st.sampled_from(sorted(FIELDS)), st.sampled_from(FieldRule))


@pytest.mark.parametrize(
    ("rule", "ours", "theirs", "stays"),
    [
        (FieldRule.FILLED, "a", "b", "a"),
        (FieldRule.FILLED, None, "b", "b"),
        (FieldRule.SURVIVOR, None, "b", None),
        (FieldRule.ABSORBED, "a", "b", "b"),
        (FieldRule.ABSORBED, "a", None, None),
    ],
)
def test_a_rule_says_whose_value_stays(
    rule: FieldRule, ours: str | None, theirs: str | None, stays: str | None
) -> None:
    changed = settled({"name": ours}, {"name": theirs}, {"name": rule})
    assert changed == ({} if stays == ours else {"name": stays})


@given(profiles, profiles, choices)
def test_an_undo_at_once_gives_everything_back(
    survivor: dict[str, Any], absorbed: dict[str, Any], rules: dict[str, FieldRule]
) -> None:
    after = settled(survivor, absorbed, rules)
    now = survivor | after
    assert now | given_back(now, survivor, after) == survivor


@given(profiles, profiles, st.sampled_from(COLUMNS))
def test_what_was_edited_since_is_not_given_back(
    survivor: dict[str, Any], absorbed: dict[str, Any], edited: str
) -> None:
    after = settled(survivor, absorbed, {})
    now = survivor | after | {edited: "edited"}
    assert edited not in given_back(now, survivor, after)


def test_the_api_names_every_field_that_has_a_rule() -> None:
    assert [field.value for field in MergeField] == list(FIELDS)

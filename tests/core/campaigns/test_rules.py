"""What campaigns may become, when they run, which terms are possible, what is left of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shuke_core.campaigns.rules import (
    Act,
    CampaignPhase,
    Channel,
    State,
    Terms,
    becomes,
    fault_of,
    is_code,
    phase_of,
    places_left,
)

START = datetime(2026, 12, 11, 12, tzinfo=UTC)
END = START + timedelta(days=1)
TICK = timedelta(microseconds=1)
TERMS = Terms(START, END)


def test_an_act_has_one_outcome_and_few_states_to_be_done_in() -> None:
    table = {(act, state): becomes(act, state) for act in Act for state in State}
    assert {key: to for key, to in table.items() if to is not None} == {
        (Act.SUBMIT, State.DRAFT): State.SUBMITTED,
        (Act.APPROVE, State.SUBMITTED): State.APPROVED,
        (Act.REJECT, State.SUBMITTED): State.DRAFT,
        (Act.PAUSE, State.APPROVED): State.PAUSED,
        (Act.RESUME, State.PAUSED): State.APPROVED,
        (Act.REOPEN, State.SUBMITTED): State.DRAFT,
        (Act.REOPEN, State.APPROVED): State.DRAFT,
        (Act.REOPEN, State.PAUSED): State.DRAFT,
        (Act.CANCEL, State.DRAFT): State.CANCELLED,
        (Act.CANCEL, State.SUBMITTED): State.CANCELLED,
        (Act.CANCEL, State.APPROVED): State.CANCELLED,
        (Act.CANCEL, State.PAUSED): State.CANCELLED,
    }


@pytest.mark.parametrize(
    ("state", "before", "first", "last", "after"),
    [
        (
            State.APPROVED,
            CampaignPhase.APPROVED,
            CampaignPhase.RUNNING,
            CampaignPhase.RUNNING,
            CampaignPhase.ENDED,
        ),
        (
            State.PAUSED,
            CampaignPhase.PAUSED,
            CampaignPhase.PAUSED,
            CampaignPhase.PAUSED,
            CampaignPhase.ENDED,
        ),
        (State.DRAFT, *[CampaignPhase.DRAFT] * 4),
        (State.SUBMITTED, *[CampaignPhase.SUBMITTED] * 4),
        (State.CANCELLED, *[CampaignPhase.CANCELLED] * 4),
    ],
)
def test_the_window_says_whether_it_runs(
    state: State,
    before: CampaignPhase,
    first: CampaignPhase,
    last: CampaignPhase,
    after: CampaignPhase,
) -> None:
    moments = (START - TICK, START, END - TICK, END)
    assert [phase_of(state, START, END, at) for at in moments] == [before, first, last, after]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"ends_at": START}, "endsAt"),
        ({"ends_at": START + timedelta(days=1_101)}, "endsAt"),
        ({"channels": ()}, "channels"),
        ({"channels": (Channel.STORE, Channel.STORE)}, "channels"),
        ({"budget_points": 100}, "budgetPoints"),
        ({"budget_points": 9, "reward_points": 10}, "budgetPoints"),
        ({"budget_points": 10**9 + 1, "reward_points": 10}, "budgetPoints"),
        ({"places": 0}, "places"),
        ({"places": 10**7 + 1}, "places"),
        ({"reward_points": -1}, "rewardPoints"),
        ({"reward_points": 10**6 + 1}, "rewardPoints"),
        ({"per_member": 0}, "perMember"),
        ({"per_member": 101}, "perMember"),
    ],
)
def test_terms_that_are_not_possible_name_their_field(said: dict[str, object], field: str) -> None:
    fault = fault_of(replace(TERMS, **said))  # type: ignore[arg-type]
    assert fault is not None
    assert fault[0] == field


def test_terms_at_their_bounds_are_possible() -> None:
    assert fault_of(TERMS) is None
    most = replace(TERMS, ends_at=START + timedelta(days=1_100), places=10**7, per_member=100)
    assert fault_of(replace(most, reward_points=10**6, budget_points=10**9)) is None
    assert fault_of(replace(TERMS, reward_points=10, budget_points=10)) is None


def test_a_code_is_what_a_till_can_print() -> None:
    for code in ("DEC12", "a", "9-9_x", "a" * 40):
        assert is_code(code)
    for code in ("", "-a", "双十二", "a b", "a" * 41, "a\n"):
        assert not is_code(code)


def test_what_is_left_is_what_the_tighter_bound_leaves() -> None:
    assert places_left(None, 7, None, 70, 10) is None
    assert places_left(10, 7, None, 70, 10) == 3
    assert places_left(None, 7, 100, 75, 10) == 2
    assert places_left(10, 7, 100, 75, 10) == 2
    assert places_left(8, 7, 100, 0, 10) == 1
    assert places_left(10, 12, None, 0, 0) == 0

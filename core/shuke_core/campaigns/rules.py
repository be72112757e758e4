"""Pure rules of campaigns: what a campaign may become, when it runs, which terms are possible."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

LONGEST_NAME = 60
LONGEST_GOAL = 500
LONGEST_CODE = 40
LONGEST_REASON = 200
LONGEST_WINDOW = timedelta(days=1_100)
MOST_PLACES = 10_000_000
MOST_POINTS = 1_000_000_000  # of a budget
MOST_REWARD = 1_000_000
MOST_TIMES = 100
_CODE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_CODE - 1}}}")


class State(Enum):
    """What staff have decided."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class CampaignPhase(Enum):
    """Where a campaign stands at a moment: what was decided, and what its window makes of it."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"  # and not begun yet
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Act(Enum):
    """What staff do to a campaign besides changing what it says."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    PAUSE = "pause"
    RESUME = "resume"
    REOPEN = "reopen"  # back to a draft, so that its terms can be changed
    CANCEL = "cancel"


class Channel(Enum):
    """Where a campaign is offered."""

    MINI_PROGRAM = "mini_program"
    STORE = "store"
    WEB_SHOP = "web_shop"
    MESSAGE = "message"


class ParticipationKind(Enum):
    """What a member did about a campaign."""

    SEEN = "seen"
    JOINED = "joined"
    REWARDED = "rewarded"


_BECOMES = {
    Act.SUBMIT: ((State.DRAFT,), State.SUBMITTED),
    Act.APPROVE: ((State.SUBMITTED,), State.APPROVED),
    Act.REJECT: ((State.SUBMITTED,), State.DRAFT),
    Act.PAUSE: ((State.APPROVED,), State.PAUSED),
    Act.RESUME: ((State.PAUSED,), State.APPROVED),
    Act.REOPEN: ((State.SUBMITTED, State.APPROVED, State.PAUSED), State.DRAFT),
    Act.CANCEL: ((State.DRAFT, State.SUBMITTED, State.APPROVED, State.PAUSED), State.CANCELLED),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is approved of a campaign, and changes only with a new approval.

    It runs in [starts_at, ends_at). `audience_id` is a version of a rule about members; None: everyone.
    `places` are how often it can be joined in all and `budget_points` how many points it gives in all,
    None: without bound. Each time a member takes part, `per_member` times at most, earns `reward_points`.
    """

    starts_at: datetime
    ends_at: datetime
    audience_id: UUID | None = None
    channels: tuple[Channel, ...] = (Channel.MINI_PROGRAM,)
    places: int | None = None
    budget_points: int | None = None
    reward_points: int = 0
    per_member: int = 1


def becomes(act: Act, state: State) -> State | None:
    """What the act makes of a campaign in that state; None where it can't be done."""
    sources, target = _BECOMES[act]
    return target if state in sources else None


def phase_of(state: State, starts_at: datetime, ends_at: datetime, now: datetime) -> CampaignPhase:
    """Where a campaign stands. A draft whose window has passed is a draft: it can be given another."""
    if state in (State.APPROVED, State.PAUSED) and now >= ends_at:
        return CampaignPhase.ENDED
    if state is State.APPROVED and now >= starts_at:
        return CampaignPhase.RUNNING
    return CampaignPhase(state.value)


def is_code(text: str) -> bool:
    """Whether that can be a campaign's code: what a till prints and types."""
    return _CODE.fullmatch(text) is not None


def fault_of(terms: Terms) -> tuple[str, str] | None:
    """The field of impossible terms, as the API names it, and why; None where they are possible."""
    if terms.ends_at <= terms.starts_at:
        return "endsAt", "a campaign ends later than it starts"
    if terms.ends_at - terms.starts_at > LONGEST_WINDOW:
        return "endsAt", f"a campaign runs for {LONGEST_WINDOW.days} days at most"
    if not terms.channels or len(set(terms.channels)) < len(terms.channels):
        return "channels", "name at least one channel, and each once"
    if terms.budget_points is not None and terms.reward_points == 0:
        return "budgetPoints", "a budget is of the points that taking part earns: say how many"
    if terms.budget_points is not None and terms.budget_points < terms.reward_points:
        return "budgetPoints", "it does not hold one reward"
    return _out_of_bounds(
        ("places", terms.places, 1, MOST_PLACES),
        ("budgetPoints", terms.budget_points, 1, MOST_POINTS),
        ("rewardPoints", terms.reward_points, 0, MOST_REWARD),
        ("perMember", terms.per_member, 1, MOST_TIMES),
    )


def _out_of_bounds(*numbers: tuple[str, int | None, int, int]) -> tuple[str, str] | None:
    for field, number, least, most in numbers:
        if number is not None and not least <= number <= most:
            return field, f"use {least} to {most}"
    return None


def left_of(bound: int | None, used: int) -> int | None:
    """What is left of something; None where it has no bound."""
    return None if bound is None else max(bound - used, 0)


def places_left(
    places: int | None, joined: int, budget: int | None, spent: int, reward: int
) -> int | None:
    """How many may still take part, by places and by the budget; None without bound."""
    bounds = [left_of(places, joined)]
    if budget is not None and reward > 0:
        bounds.append(max(budget - spent, 0) // reward)
    known: Sequence[int] = [each for each in bounds if each is not None]
    return min(known) if known else None

"""What this work is about: trace, request and tenant, handed on to events and to the log's lines.

A trace is the `traceparent` of W3C Trace Context: `00-<trace>-<span>-<flags>`. A request without
one begins one. It is written beside a message and beside an event, so that a reaction's lines are
found by the trace of the request that caused it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from os import urandom

_PARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})"
)

_notes: ContextVar[Mapping[str, str]] = ContextVar("shuke_notes", default={})  # noqa: B039 (never changed)


def begin_trace(parent: str | None) -> str:
    """The trace of a request: the caller's with a span of our own, or a new one."""
    found = _PARENT.match(parent or "")
    drawn = urandom(24).hex()
    trace_id, flags = found.groups() if found else (drawn[:32], "01")
    return f"00-{trace_id}-{drawn[32:]}-{flags}"


def current_trace() -> str | None:
    """The trace of what is being done, if it has one."""
    return _notes.get().get("trace")


def current_notes() -> Mapping[str, str]:
    """What is noted of the work at hand, as lines of the log show it."""
    notes = dict(_notes.get())
    if "trace" in notes:
        notes["trace"] = notes["trace"].split("-")[1]
    return notes


@contextmanager
def noting(**notes: str | None) -> Iterator[None]:
    """Notes these for the block; None takes a note away."""
    changed = {**_notes.get(), **notes}
    token = _notes.set({name: value for name, value in changed.items() if value is not None})
    try:
        yield
    finally:
        _notes.reset(token)


@contextmanager
def of_traces(traces: Sequence[str | None]) -> Iterator[None]:
    """For a batch: its trace where all of it has the same one; else none, rather than a wrong one."""
    several = set(traces)
    with noting(trace=several.pop() if len(several) == 1 else None):
        yield

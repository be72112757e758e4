"""What an examination finds: a sentence, and what to do if it is not good."""

from dataclasses import dataclass
from enum import Enum


class Health(Enum):
    """How serious a finding is. Only FAILED makes the exit code 1."""

    GOOD = "good"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it when it is not good."""

    subject: str
    health: Health
    sentence: str
    remedy: str = ""


def good(subject: str, sentence: str) -> Finding:
    return Finding(subject, Health.GOOD, sentence)


def failed(subject: str, sentence: str, remedy: str) -> Finding:
    return Finding(subject, Health.FAILED, sentence, remedy)


def warning(subject: str, sentence: str, remedy: str) -> Finding:
    return Finding(subject, Health.WARNING, sentence, remedy)

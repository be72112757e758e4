"""The kinds of alerts: declared once, each with its label and how serious it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How serious an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class AlertKind:
    """`key` is dotted words, stable for ever; `label` maps a language ("zh", "en") to its name."""

    key: str
    label: Mapping[str, str]
    severity: Severity = Severity.WARNING


_declared: dict[str, AlertKind] = {}


def declare_alert(kind: AlertKind) -> AlertKind:
    """Makes the kind known; refuses a second one of the key."""
    if kind.key in _declared:
        raise ValueError(f"two kinds of alerts are named {kind.key!r}")
    _declared[kind.key] = kind
    return kind


def declared_alerts() -> Mapping[str, AlertKind]:
    """Every kind there is, by key."""
    return dict(sorted(_declared.items()))


def label_of(key: str) -> Mapping[str, str]:
    """The label of a kind; of one that nobody declares any more, its key."""
    kind = _declared.get(key)
    return kind.label if kind else {"zh": key, "en": key}

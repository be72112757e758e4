"""Pure rules of merging: what of two profiles stays, and what its undo gives back."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

LONGEST_REASON = 200

# The fields of a profile that have a rule, and the columns they stand in.
FIELDS: Mapping[str, str] = {
    "name": "name",
    "nickname": "nickname",
    "gender": "gender",
    "birthday": "birthday",
    "region": "region",
    "avatar": "avatar",
    "advisor": "advisor_id",
    "store": "store_id",
}
# The masked phone follows the phones, which all stay: the survivor's is shown, if they have one.
COLUMNS = (*FIELDS.values(), "phone_masked")


class FieldRule(Enum):
    """Whose value of a field stays."""

    FILLED = "filled"  # the survivor's, or that of the other where they have none
    SURVIVOR = "survivor"
    ABSORBED = "absorbed"


Values = Mapping[str, Any]


def settled(survivor: Values, absorbed: Values, choices: Mapping[str, FieldRule]) -> dict[str, Any]:
    """The columns of the survivor that change, and what they become."""
    rules = {column: choices.get(field, FieldRule.FILLED) for field, column in FIELDS.items()}
    chosen = {
        column: _chosen(
            rules.get(column, FieldRule.FILLED), survivor.get(column), absorbed.get(column)
        )
        for column in COLUMNS
    }
    return {column: value for column, value in chosen.items() if value != survivor.get(column)}


def _chosen(rule: FieldRule, survivor: Any, absorbed: Any) -> Any:
    if rule is FieldRule.SURVIVOR:
        return survivor
    if rule is FieldRule.ABSORBED:
        return absorbed
    return absorbed if survivor is None else survivor


def given_back(now: Values, before: Values, after: Values) -> dict[str, Any]:
    """What an undo restores: of what the merge changed, all that nobody has changed since."""
    return {column: before[column] for column in after if now[column] == after[column]}

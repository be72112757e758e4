"""GraphQL inputs of merging."""

import strawberry

from shuke_core.merging.rules import FieldRule as Rule
from shuke_schema.merging.types import FieldRule, MergeField


@strawberry.input(description="Whose value of one field stays.")
class MergeChoice:
    field: MergeField
    rule: FieldRule


def chosen(choices: list[MergeChoice]) -> dict[str, Rule]:
    """The same for the domain; of two for one field the last."""
    return {each.field.value: Rule(each.rule.value) for each in choices}

"""What of a timeline somebody sees whose permissions hold for some members only."""

import pytest

from shuke_core.access.permissions import MEMBERS_READ, ORDERS_READ, POINTS_READ
from shuke_core.access.rights import Rights, Scope, Within
from shuke_core.kit.ids import new_id
from shuke_core.members.timeline import (
    MomentKind,
    Source,
    declare_timeline,
    declared_sources,
    seen_kinds,
)

HELD = (MEMBERS_READ.key, ORDERS_READ.key, POINTS_READ.key)


def _rights(*narrowed: str) -> Rights:
    return Rights.of(HELD, [], narrowed, Within(Scope.OWN, new_id()))


def test_every_kind_has_a_source_and_one_alone() -> None:
    assert set(declared_sources()) == set(MomentKind)
    with pytest.raises(ValueError, match="has a source already"):
        declare_timeline(Source(MomentKind.ORDER, ORDERS_READ, "orders", "placed_at"))


def test_what_is_held_for_some_members_is_left_out_where_all_are_seen() -> None:
    all_of_it = {MomentKind.ORDER, MomentKind.POINTS, MomentKind.ASSIGNMENT}
    assert seen_kinds(Rights.of(HELD, [])) == all_of_it
    assert seen_kinds(_rights(ORDERS_READ.key)) == all_of_it - {MomentKind.ORDER}
    assert seen_kinds(_rights(*HELD)) == all_of_it  # then the database narrows all of them
    assert seen_kinds(Rights()) == set()

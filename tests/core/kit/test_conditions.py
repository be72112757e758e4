"""Only what is asked for is written, and its values are numbered after the tenant."""

from shuke_core.kit.conditions import Conditions


def test_what_is_not_asked_for_is_not_written() -> None:
    wanted = (
        Conditions("tenant_id = $1")
        .when("act = {}", None)
        .when("subject = {}", "store:S1")
        .when("(at, id) < ({}, {})", 7, 8)
    )
    assert str(wanted) == "tenant_id = $1 AND subject = $2 AND (at, id) < ($3, $4)"
    assert (wanted.limit(20), wanted.values) == ("$5", ["store:S1", 7, 8, 20])


def test_false_and_zero_are_values() -> None:
    wanted = Conditions().when("state = {}", "").when("n = {}", 0).when("on = {}", False)
    assert (str(wanted), wanted.values) == ("state = $2 AND n = $3 AND on = $4", ["", 0, False])

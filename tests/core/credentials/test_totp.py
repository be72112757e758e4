"""Codes of the second factor: the vectors of RFC 4226 and RFC 6238, and which steps are taken."""

from datetime import UTC, datetime, timedelta

import pytest

from shuke_core.credentials.totp import (
    code_at,
    enrolment_address,
    matching_step,
    new_secret,
    secret_text,
    step_at,
)

SECRET = b"12345678901234567890"
# RFC 6238, appendix B, SHA-1: eight digits at these seconds since 1970.
VECTORS = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
# RFC 4226, appendix D: six digits at counts 0 to 9.
COUNTED = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"


@pytest.mark.parametrize("seconds", VECTORS)
def test_the_vectors_of_rfc_6238(seconds: int) -> None:
    step = step_at(datetime.fromtimestamp(seconds, UTC))
    assert code_at(SECRET, step, digits=8) == VECTORS[seconds]


def test_the_vectors_of_rfc_4226() -> None:
    assert [code_at(SECRET, step) for step in range(10)] == COUNTED.split()


def test_a_neighbouring_step_is_taken_and_no_other() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    step = step_at(now)
    taken = [
        each
        for each in range(step - 4, step + 5)
        if matching_step(SECRET, code_at(SECRET, each), now) is not None
    ]
    assert taken == [step - 1, step, step + 1]
    assert matching_step(SECRET, code_at(SECRET, step + 1), now) == step + 1
    assert step_at(now + timedelta(seconds=29)) == step
    assert step_at(now + timedelta(seconds=30)) == step + 1


@pytest.mark.parametrize("code", ["", "1", "1234567", "abcdef", "１２３４５６", "\x00"])
def test_what_is_no_code_is_not_taken(code: str) -> None:
    assert matching_step(SECRET, code, datetime(2026, 11, 24, tzinfo=UTC)) is None


def test_blanks_in_a_code_do_not_matter() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    code = code_at(SECRET, step_at(now))
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", now) == step_at(now)


def test_the_address_for_an_app_names_tenant_and_person() -> None:
    assert enrolment_address(SECRET, "测试 店", "li:na") == (
        "otpauth://totp/%E6%B5%8B%E8%AF%95%20%E5%BA%97:li%3Ana"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E6%B5%8B%E8%AF%95%20%E5%BA%97"
        "&algorithm=SHA1&digits=6&period=30"
    )
    assert len(new_secret()) == 20
    assert len(secret_text(new_secret())) == 32

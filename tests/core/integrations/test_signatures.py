"""Signatures, judged by the vendor's vectors and by the published package, in both directions."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shuke_core.integrations.signatures import SignatureRefused, new_secret, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SECONDS = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
AT = datetime.fromtimestamp(SECONDS, UTC)


def headers(
    message_id: str = ID, timestamp: str = str(SECONDS), signature: str = SIGNATURE
) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
    }


@pytest.mark.parametrize(
    ("message_id", "seconds", "body", "signature"),
    [
        (ID, SECONDS, BODY, SIGNATURE),
        (
            "msg_01",
            1767323045,
            b'{"type":"customer.merged","timestamp":"2026-01-02T03:04:05Z","data":{"id":"c_1"}}',
            "v1,eDkjq8wgZfjA2acXyA4VvdLVVqbz5ZaWlhnnM/F0890=",
        ),
    ],
)
def test_the_vendors_vectors(message_id: str, seconds: int, body: bytes, signature: str) -> None:
    assert sign(SECRET, message_id, seconds, body) == signature
    at = datetime.fromtimestamp(seconds, UTC)
    found = headers(message_id, str(seconds), signature)
    assert verify([SECRET], found, body, now=at) == message_id


@given(st.from_regex(r"\A[a-zA-Z0-9_-]{1,64}\Z"), st.text())
def test_the_published_package_signs_what_we_verify(message_id: str, text: str) -> None:
    signature = Webhook(SECRET).sign(message_id, AT, text)
    found = headers(message_id, signature=signature)
    assert verify([SECRET], found, text.encode(), now=AT) == message_id
    assert sign(SECRET, message_id, SECONDS, text.encode()) == signature


@given(st.from_regex(r"\A[a-zA-Z0-9_-]{1,64}\Z"), st.dictionaries(st.text(), st.integers()))
def test_the_published_package_verifies_what_we_sign(message_id: str, data: object) -> None:
    secret = new_secret()
    # The package knows no clock but the real one.
    seconds = int(datetime.now(UTC).timestamp())
    body = json.dumps(data).encode()
    found = headers(message_id, str(seconds), sign(secret, message_id, seconds, body))
    assert Webhook(secret).verify(body, found) == data
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(body, found)


def test_header_names_may_have_any_case() -> None:
    found = {name.title(): value for name, value in headers().items()}
    assert verify([SECRET], found, BODY, now=AT) == ID


def test_a_rotation_accepts_the_old_and_the_new_secret() -> None:
    assert verify([OTHER, SECRET], headers(), BODY, now=AT) == ID
    both = f"{sign(OTHER, ID, SECONDS, BODY)} {SIGNATURE}"
    assert verify([SECRET], headers(signature=both), BODY, now=AT) == ID
    assert verify([OTHER], headers(signature=both), BODY, now=AT) == ID


@pytest.mark.parametrize("unknown", ["v1a,AAAA", "v2," + SIGNATURE[3:], "nonsense", "é,ü", ""])
def test_unknown_versions_are_skipped(unknown: str) -> None:
    assert verify([SECRET], headers(signature=f"{unknown} {SIGNATURE}"), BODY, now=AT) == ID
    if unknown:
        with pytest.raises(SignatureRefused, match="SIGNATURE_INVALID"):
            verify([SECRET], headers(signature=unknown), BODY, now=AT)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("empty", [True, False])
def test_each_header_is_needed(missing: str, empty: bool) -> None:
    found = headers()
    if empty:
        found[missing] = ""
    else:
        del found[missing]
    with pytest.raises(SignatureRefused) as refusal:
        verify([SECRET], found, BODY, now=AT)
    assert refusal.value.code == "SIGNATURE_MISSING"


@pytest.mark.parametrize(
    ("secrets", "found", "body"),
    [
        ([], headers(), BODY),
        ([OTHER], headers(), BODY),
        ([SECRET], headers(), BODY + b" "),
        ([SECRET], headers(message_id="msg_other"), BODY),
        ([SECRET], headers(timestamp=str(SECONDS + 1)), BODY),
        ([SECRET], headers(timestamp=f"0{SECONDS}"), BODY),
        ([SECRET], headers(signature=SIGNATURE[3:]), BODY),
        ([SECRET], headers(signature=SIGNATURE[:-1]), BODY),
        ([SECRET], headers(signature="v1,"), BODY),
    ],
)
def test_whatever_was_not_signed_so_is_refused(
    secrets: list[str], found: dict[str, str], body: bytes
) -> None:
    with pytest.raises(SignatureRefused) as refusal:
        verify(secrets, found, body, now=AT)
    assert refusal.value.code == "SIGNATURE_INVALID"


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_either_way_are_fresh(seconds: int) -> None:
    assert verify([SECRET], headers(), BODY, now=AT + timedelta(seconds=seconds)) == ID


@pytest.mark.parametrize(
    ("timestamp", "now"),
    [
        (str(SECONDS), AT + timedelta(seconds=300, microseconds=1)),
        (str(SECONDS), AT - timedelta(seconds=300, microseconds=1)),
        ("1e9", AT),
        (f"{SECONDS}.0", AT),
        (f"-{SECONDS}", AT),
        ("١٦١٤٢٦٥٣٣٠", AT),
        ("9" * 5000, AT),
    ],
)
def test_another_time_is_stale(timestamp: str, now: datetime) -> None:
    with pytest.raises(SignatureRefused) as refusal:
        verify([SECRET], headers(timestamp=timestamp), BODY, now=now)
    assert refusal.value.code == "TIMESTAMP_STALE"


def test_the_tolerance_is_the_callers() -> None:
    later = AT + timedelta(minutes=9)
    assert verify([SECRET], headers(), BODY, now=later, tolerance=timedelta(minutes=10)) == ID


@pytest.mark.parametrize("message_id", ["a.b", "x" * 256, "a b", "a\x00", "é", "a\n"])
def test_an_id_that_could_blur_what_is_signed_is_refused(message_id: str) -> None:
    with pytest.raises(SignatureRefused) as refusal:
        verify([SECRET], headers(message_id=message_id), BODY, now=AT)
    assert refusal.value.code == "MESSAGE_ID_INVALID"
    with pytest.raises(SignatureRefused, match="MESSAGE_ID_INVALID"):
        sign(SECRET, message_id, SECONDS, BODY)


@pytest.mark.parametrize("message_id", ["x", "x" * 255, "a-b_c/d:e"])
def test_an_id_of_1_to_255_characters_is_fine(message_id: str) -> None:
    signature = sign(SECRET, message_id, SECONDS, BODY)
    found = headers(message_id, signature=signature)
    assert verify([SECRET], found, BODY, now=AT) == message_id


def test_a_new_secret_is_32_fresh_random_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_ü", "whsec_" + "A" * 88])
def test_a_secret_that_is_none_is_a_fault_of_the_caller(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret"):
        sign(secret, ID, SECONDS, BODY)


def test_a_secret_without_its_padding_is_the_same_secret() -> None:
    assert sign(OTHER.rstrip("="), ID, SECONDS, BODY) == sign(OTHER, ID, SECONDS, BODY)

"""Standard Webhooks 1.0.0 signatures (v1, HMAC-SHA256), for what we send and what partners send us.

The rules: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 (a prefix, no secret)
_SECRET_BYTES: Final = 32
_LEAST_SECRET_BYTES: Final = 24
_MOST_SECRET_BYTES: Final = 64

# The dot separates what is signed: an id with one could move the border to the timestamp.
_MESSAGE_ID = re.compile(r"[!-\-/-~]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class SignatureRefused(Exception):
    """A message whose sender, age or id is not proven.

    `code` is SIGNATURE_MISSING, SIGNATURE_INVALID, TIMESTAMP_STALE or MESSAGE_ID_INVALID.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def new_secret() -> str:
    """A new signing secret: `whsec_` and the base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(random.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `v1,<base64>` signature of one attempt; `timestamp` is its unix time in seconds.

    During a rotation send the signatures of both secrets, separated by a space. Raises
    `SignatureRefused` MESSAGE_ID_INVALID, and ValueError for a secret that is none.
    """
    _check_message_id(message_id)
    return _sign(secret, message_id, str(timestamp), body)


def verify(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
    tolerance: timedelta = timedelta(minutes=5),
) -> str:
    """The message id of `body` if one of `secrets` signed it within `tolerance` of `now`.

    `body` is the raw bytes as received. Header names may have any case. Raises `SignatureRefused`;
    the caller uses the id to act once, as retries repeat it.
    """
    found = {name.lower(): value for name, value in headers.items()}
    message_id = found.get("webhook-id")
    timestamp = found.get("webhook-timestamp")
    signatures = found.get("webhook-signature")
    if not message_id or not timestamp or not signatures:
        raise SignatureRefused("SIGNATURE_MISSING")
    _check_message_id(message_id)
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureRefused("TIMESTAMP_STALE")
    if abs(now.timestamp() - int(timestamp)) > tolerance.total_seconds():
        raise SignatureRefused("TIMESTAMP_STALE")
    expected = [_sign(secret, message_id, timestamp, body).encode() for secret in secrets]
    # Other versions (v1a is ed25519) fail the comparison by their prefix, as the standard wants.
    offered = [part.encode("utf-8", "replace") for part in signatures.split(" ")]
    # A list, not a generator: the time taken does not tell which secret or place matched.
    matches = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in offered]
    if not any(matches):
        raise SignatureRefused("SIGNATURE_INVALID")
    return message_id


def _check_message_id(message_id: str) -> None:
    if not _MESSAGE_ID.fullmatch(message_id):
        raise SignatureRefused("MESSAGE_ID_INVALID")


def _sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.digest(_key(secret), signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def _key(secret: str) -> bytes:
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        # Some senders leave the padding out.
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook secret is whsec_ and base64") from None
    if not _LEAST_SECRET_BYTES <= len(key) <= _MOST_SECRET_BYTES:
        raise ValueError("a webhook secret holds 24 to 64 bytes")
    return key

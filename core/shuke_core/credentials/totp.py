"""Time-based one-time passwords: RFC 6238 with its defaults, SHA-1, thirty seconds, six digits.

Authenticator apps know no others reliably. Twenty lines of our own, since what is needed beside the
code is its time step: the step that was taken is remembered, so that no code is taken twice.
"""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
_SKEW = 1  # steps by which a telephone's clock may be off
_SECRET_BYTES = 20


def new_secret() -> bytes:
    """160 random bits, as RFC 4226 recommends."""
    return secrets.token_bytes(_SECRET_BYTES)


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of a time step (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_at(moment: datetime) -> int:
    """The time step that a moment is in."""
    return int(moment.timestamp()) // STEP_SECONDS


def matching_step(secret: bytes, code: str, moment: datetime) -> int | None:
    """The step, this one or a neighbour, whose code it is. All are looked at, whichever it is."""
    given, now, found = code.strip().replace(" ", "").encode(), step_at(moment), None
    for step in range(now - _SKEW, now + _SKEW + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), given):
            found = step
    return found


def secret_text(secret: bytes) -> str:
    """The secret as people type it: base32."""
    return base64.b32encode(secret).decode()


def enrolment_address(secret: bytes, issuer: str, handle: str) -> str:
    """The otpauth address that an authenticator app reads from a QR code."""
    whose = f"{quote(issuer, safe='')}:{quote(handle, safe='')}"
    return (
        f"otpauth://totp/{whose}?secret={secret_text(secret)}&issuer={quote(issuer, safe='')}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )

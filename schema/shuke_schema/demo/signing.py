"""Signs what the till sends, as Standard Webhooks 1.0.0 wants it (`v1`, HMAC-SHA256)."""

import base64
import hashlib
import hmac


def signed_headers(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers over `id.timestamp.body`.

    `secret` is `whsec_` and base64; `timestamp` is this attempt's, in Unix seconds.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((webhook_id.encode(), str(timestamp).encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }

"""What can go wrong with idempotency keys."""

from shuke_core.kit.errors import ShukeError


class IdempotencyKeyInvalid(ShukeError):
    code = "IDEMPOTENCY_KEY_INVALID"
    sentence = "An idempotency key has 1 to {longest} visible ASCII characters."


class IdempotencyKeyReused(ShukeError):
    code = "IDEMPOTENCY_KEY_REUSED"
    sentence = "This idempotency key was used for other arguments; make a new one for a new act."

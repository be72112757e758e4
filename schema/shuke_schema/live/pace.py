"""The pace of one socket: a bucket of messages, counted in this process alone."""

from time import monotonic

from shuke_schema.http.limits import Bucket


class Pace:
    """So many messages at once, and so many more each second."""

    __slots__ = ("_at", "_bucket", "_left")

    def __init__(self, bucket: Bucket) -> None:
        self._bucket, self._left, self._at = bucket, float(bucket.burst), monotonic()

    def allows(self) -> bool:
        """Whether one more message is within the pace; counts it."""
        now = monotonic()
        self._left += (now - self._at) * self._bucket.per_second
        self._left, self._at = min(self._left, self._bucket.burst) - 1, now
        return self._left >= 0

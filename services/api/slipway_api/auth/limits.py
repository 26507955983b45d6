"""Token buckets by key: how often somebody may do something."""

import msgspec

from slipway.clock import Clock


class Bucket(msgspec.Struct):
    left: float
    at: float


class Limiter:
    """Admits `burst` at once and `per_second` after that, for each key."""

    def __init__(self, clock: Clock, *, per_second: float, burst: int, keys: int = 10_000) -> None:
        self._clock = clock
        self._per_second = per_second
        self._burst = burst
        self._keys = keys
        self._buckets: dict[str, Bucket] = {}

    def wait_sec(self, key: str) -> float:
        """Take one admission; return 0, or the seconds until there is one."""
        now = self._clock.monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            self._make_room(now)
            bucket = self._buckets[key] = Bucket(left=self._burst, at=now)
        bucket.left = min(self._burst, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_second
        bucket.left -= 1
        return 0.0

    def _make_room(self, now: float) -> None:
        """Forget those that are full again; all of them when there are too many even so."""
        if len(self._buckets) < self._keys:
            return
        full = self._burst / self._per_second
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket.at < full}
        if len(self._buckets) >= self._keys:
            self._buckets.clear()

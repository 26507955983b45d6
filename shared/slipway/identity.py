"""New ids, from the system's clock and randomness."""

import secrets
import time
from uuid import UUID

from slipway.domain.ids import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7."""
    return uuid7(time.time_ns() // 1_000_000, secrets.randbits(74))

"""The pool of a service, which knows how long each one waited for a connection."""

import time
from collections.abc import Callable

from sqlalchemy import AsyncAdaptedQueuePool, PoolProxiedConnection

Waited = Callable[[float], None]
"""Told of each wait, in seconds: until a connection was free, opened where there was room for one, and found to answer; or until
it was given up."""


class TimedPool(AsyncAdaptedQueuePool):
    waited: Waited | None = None

    def connect(self) -> PoolProxiedConnection:
        began = time.monotonic()
        try:
            return super().connect()
        finally:
            if self.waited:
                self.waited(time.monotonic() - began)

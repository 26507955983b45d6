"""The event loop that every service runs on."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import uvloop


def run(service: Coroutine[Any, Any, None]) -> None:
    """Run a service until its coroutine ends. uvloop handles sockets and timers in C: most of a service's work is theirs."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(service)

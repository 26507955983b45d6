"""Services run on uvloop, and stop by signals there as anywhere."""

import asyncio
import os
import signal

import pytest
import uvloop

from slipway import loop
from slipway.lifecycle import stop_signal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_service_runs_on_uvloop_until_a_signal_stops_it(number: signal.Signals):
    seen: list[asyncio.AbstractEventLoop] = []

    async def service() -> None:
        seen.append(asyncio.get_running_loop())
        stop = stop_signal()
        os.kill(os.getpid(), number)
        await stop.wait()

    loop.run(service())
    assert isinstance(seen[0], uvloop.Loop)


def test_what_breaks_a_service_is_told():
    async def service() -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        loop.run(service())

"""A process that is gone is a lost connection, on the loop of tests and on that of services."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from slipway_executor.helm.streams import send

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_process_that_has_ended_takes_nothing(loop: Callable[[], asyncio.AbstractEventLoop]):
    async def ended() -> None:
        child = await asyncio.create_subprocess_exec("true", stdin=asyncio.subprocess.PIPE)
        await child.wait()
        assert child.stdin is not None
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(30):
                while True:  # asyncio's own loop notices at the second line
                    await send(child.stdin, b"a line\n")
                    await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(ended())

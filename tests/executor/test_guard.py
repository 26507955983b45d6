"""The guard ends a real process at its deadline, and when its executor is gone."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from slipway.clock import SystemClock
from slipway.dev.process import start_ticks
from slipway_executor.failing import OperationFailed
from slipway_executor.helm import guard
from slipway_executor.helm.port import Deadline
from slipway_executor.helm.process import HelmProcess

LONG = ("/bin/sleep", "300")
CLOCK = SystemClock()


async def guarded(*program: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", guard.__file__, "1024", *program,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def say(process: asyncio.subprocess.Process, deadline: float) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{deadline!r}\n".encode())


async def ended(process: asyncio.subprocess.Process) -> int:
    return await asyncio.wait_for(process.wait(), 20)


async def test_a_passed_deadline_kills_the_whole_group():
    process = await guarded("/bin/sh", "-c", "echo $$; exec sleep 300")
    say(process, CLOCK.monotonic() + 1.0)
    assert process.stdout is not None
    child = int(await process.stdout.readline())
    assert await ended(process) == -signal.SIGKILL
    async with asyncio.timeout(20):
        while start_ticks(child) is not None:
            await asyncio.sleep(0.01)


async def test_a_closed_stdin_ends_it_long_before_the_deadline():
    process = await guarded(*LONG)
    say(process, CLOCK.monotonic() + 600)
    assert process.stdin is not None
    process.stdin.close()
    assert await ended(process) == -signal.SIGKILL


async def test_a_deadline_that_has_passed_already_lets_nothing_happen(tmp_path: Path):
    mark = tmp_path / "mark"
    process = await guarded("/bin/sh", "-c", f"sleep 1; touch {mark}")
    say(process, CLOCK.monotonic() - 1)
    assert await ended(process) == -signal.SIGKILL
    assert not mark.exists()


async def test_an_extended_deadline_lets_it_finish_with_its_own_exit_code():
    process = await guarded("/bin/sh", "-c", "read line < /dev/null; sleep 1; exit 7")
    say(process, CLOCK.monotonic() + 0.8)
    say(process, CLOCK.monotonic() + 60)
    assert await ended(process) == 7


async def test_helm_may_map_what_it_may_use_and_more():
    process = await guarded("/bin/sh", "-c", "ulimit -v")
    say(process, CLOCK.monotonic() + 60)
    assert process.stdout is not None
    assert int(await process.stdout.readline()) == (1024 + guard.BESIDE_MIB) * 1024


async def test_a_missing_helm_is_no_missing_release(tmp_path: Path):
    helm = HelmProcess("/nowhere/helm", kubeconfig="", work=tmp_path)
    with pytest.raises(OperationFailed) as caught:
        await helm.uninstall("x", "y", Deadline(CLOCK.monotonic() + 30))
    assert caught.value.failure.code == "helm_missing"

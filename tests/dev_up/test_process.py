"""Child servers: never the wrong process, never a stranger's port, no zombie."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from slipway.dev import remembered
from slipway.dev.nats import start_nats, stop_nats
from slipway.dev.process import Server, ServerError, recorded, spawn, start_ticks, stop, stop_leftovers, wait_ready

LONG = ("/bin/sleep", "300")


async def gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while start_ticks(pid) is not None:
            await asyncio.sleep(0.01)


async def test_a_stopped_server_is_gone_with_its_record(tmp_path: Path):
    server = spawn(tmp_path, "one", LONG)
    assert recorded(tmp_path) == [server]
    await stop(tmp_path, server)
    assert not server.alive
    assert recorded(tmp_path) == []


async def test_a_server_that_ignores_the_request_is_killed(tmp_path: Path):
    server = spawn(tmp_path, "deaf", ("/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"))
    await stop(tmp_path, server, timeout=0.5)
    assert not server.alive


async def test_a_pid_that_was_given_to_another_program_is_left_alone(tmp_path: Path):
    stranger = spawn(tmp_path / "elsewhere", "stranger", LONG)
    record = Server(name="old", pid=stranger.pid, started=stranger.started - 1)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "old.json").write_bytes(msgspec.json.encode(record))
    assert await stop_leftovers(tmp_path) == []
    assert stranger.alive
    await stop(tmp_path / "elsewhere", stranger)


async def test_a_killed_server_can_be_started_again_and_a_running_one_cannot(tmp_path: Path):
    first = spawn(tmp_path, "one", LONG)
    with pytest.raises(ServerError, match="runs already"):
        spawn(tmp_path, "one", LONG)
    os.kill(first.pid, signal.SIGKILL)
    await gone(first.pid)
    second = spawn(tmp_path, "one", LONG)
    await stop(tmp_path, second)


async def test_one_that_ends_while_starting_shows_its_log(tmp_path: Path):
    server = spawn(tmp_path, "broken", ("/bin/sh", "-c", "echo no such luck; exit 3"))

    async def never() -> bool:
        return False

    with pytest.raises(ServerError, match="no such luck"):
        await wait_ready(server, never)
    await stop(tmp_path, server)


async def test_a_port_that_somebody_else_has_is_no_success(tmp_path: Path):
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", remembered.port(tmp_path, "nats")))
        stranger.listen()
        with pytest.raises(ServerError, match="SLIPWAY_PORT_NATS"):
            await start_nats(tmp_path)
    await stop_nats(tmp_path, await start_nats(tmp_path))


def test_ports_and_secrets_are_remembered_privately(tmp_path: Path):
    assert remembered.port(tmp_path, "a") == remembered.port(tmp_path, "a") != remembered.port(tmp_path, "b")
    assert remembered.secret(tmp_path, "s") == remembered.secret(tmp_path, "s")
    assert (tmp_path / "remembered.json").stat().st_mode & 0o777 == 0o600


def test_a_process_is_not_gone_while_one_of_its_threads_goes_on():
    """Its sockets are open until then."""
    half = "import ctypes, threading; threading.Thread(target=input).start(); ctypes.CDLL(None).pthread_exit(None)"
    with subprocess.Popen([sys.executable, "-c", half], stdin=subprocess.PIPE) as child:
        stat = Path(f"/proc/{child.pid}/stat")
        while stat.read_text().rpartition(") ")[2][0] != "Z":
            time.sleep(0.01)
        assert start_ticks(child.pid) is not None
        child.communicate(b"\n")
    assert start_ticks(child.pid) is None

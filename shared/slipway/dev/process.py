"""Child servers: started in a session of their own with a log and a pid record, stopped by id, never by name.

A record carries the process's start time, so that a pid that was given to another program is never signalled.
"""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import msgspec

READY_POLL_SEC = 0.05
LOG_TAIL_LINES = 15


class ServerError(Exception):
    """A server did not start, or ended. The message carries the last lines of its log."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A started process, as its record in `<state>/run/<name>.json` says."""

    name: str
    pid: int
    started: int
    """Clock ticks since boot at which the process began (field 22 of /proc/<pid>/stat)."""
    address: str = ""
    log: str = ""

    @property
    def alive(self) -> bool:
        return start_ticks(self.pid) == self.started


def start_ticks(pid: int) -> int | None:
    """Return when the process began, or None when there is none.

    A zombie counts as none once its other threads have ended: until then its sockets are open.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    threads = int(fields[17])
    return None if fields[0] in "ZX" and threads <= 1 else int(fields[19])


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process and its children, in MiB; 0 when it is gone."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return own + sum(memory_mib(int(child)) for child in children)


def spawn(
    state: Path,
    name: str,
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    address: str = "",
) -> Server:
    """Start a server and record it. `env` is its whole environment, else ours without Slipway's settings; `user` needs root."""
    record = _record(state, name)
    if record.exists():
        earlier = msgspec.json.decode(record.read_bytes(), type=Server)
        if earlier.alive:
            raise ServerError(f"{name} runs already under {state}: stop it first")
        _reap(earlier)
    if address and not _is_free(address):
        raise ServerError(
            f"{name} cannot listen on {address}: another program does; set {port_variable(name)} to a free port"
        )
    log = state / "log" / f"{name}.log"
    for folder in (log.parent, state / "run"):
        folder.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        child = subprocess.Popen(
            [str(part) for part in argv],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            env=dict(env) if env is not None else _without_settings(),
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd="/" if user else None,
        )
    server = Server(name=name, pid=child.pid, started=start_ticks(child.pid) or 0, address=address, log=str(log))
    _children[child.pid] = child
    record.write_bytes(msgspec.json.encode(server))
    return server


def _without_settings() -> dict[str, str]:
    """Return our environment for servers that are not Slipway's: a key in its settings is none of theirs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}


_children: dict[int, "subprocess.Popen[bytes]"] = {}
"""Our own children, so that they can be reaped; others are known by record only."""


def recorded(state: Path) -> list[Server]:
    """Return every server that was started under this state folder and not stopped, dead or alive."""
    return [msgspec.json.decode(path.read_bytes(), type=Server) for path in sorted((state / "run").glob("*.json"))]


async def wait_ready(server: Server, check: Callable[[], Awaitable[bool]], *, timeout: float = 30.0) -> None:
    """Wait until `check` is true; ServerError with the log's tail when the process ends or `timeout` seconds pass."""
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout
    while True:
        if not is_running(server):
            raise ServerError(f"{server.name} ended while starting; its log {server.log} ends with:\n{tail(server)}")
        if await check():
            return
        if loop.time() > until:
            raise ServerError(f"{server.name} is not ready after {timeout:.0f} s; its log ends with:\n{tail(server)}")
        await asyncio.sleep(READY_POLL_SEC)


def is_running(server: Server) -> bool:
    """Tell whether the process lives, reaping it when it is an ended child of ours."""
    child = _children.get(server.pid)
    return (child is None or child.poll() is None) and server.alive


async def stop(state: Path, server: Server, *, timeout: float = 15.0, first: int = signal.SIGTERM) -> None:
    """End a server and its group: ask, wait up to `timeout` seconds, then kill. Its record goes."""
    if is_running(server):
        os.kill(server.pid, first)
        until = asyncio.get_running_loop().time() + timeout
        while is_running(server) and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(READY_POLL_SEC)
        kill_group(server)
        while is_running(server):
            await asyncio.sleep(READY_POLL_SEC)
    _reap(server)
    _record(state, server.name).unlink(missing_ok=True)


def _reap(server: Server) -> None:
    """Collect an ended child of ours, so that it is no zombie."""
    child = _children.get(server.pid)
    if child is not None and child.poll() is not None:
        del _children[server.pid]


def kill_group(server: Server) -> None:
    """SIGKILL the server and what it started in its session, if it is still the process we started."""
    if is_running(server):
        os.killpg(server.pid, signal.SIGKILL)


async def stop_leftovers(state: Path) -> list[Server]:
    """End what an earlier run that was killed left behind, newest first; return those that were alive."""
    alive = [server for server in recorded(state) if server.alive]
    for server in sorted(recorded(state), key=lambda each: each.started, reverse=True):
        await stop(state, server)
    return alive


def tail(server: Server) -> str:
    """Return the last lines of the server's log."""
    lines = Path(server.log).read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines)


async def answers_tcp(host: str, port: int) -> bool:
    """Tell whether something accepts connections there."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def port_variable(name: str) -> str:
    """Return the environment variable that sets a server's port."""
    return f"SLIPWAY_PORT_{name.upper().replace('-', '_')}"


def _is_free(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError:
            return False
    return True


def _record(state: Path, name: str) -> Path:
    return state / "run" / f"{name}.json"

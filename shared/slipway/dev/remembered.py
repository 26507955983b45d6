"""What a state folder remembers between runs: ports and generated passwords, in one file of mode 0600."""

import os
import secrets
from pathlib import Path

import msgspec

from slipway.dev.ports import free_port
from slipway.dev.process import port_variable


def _read(state: Path) -> dict[str, str]:
    path = state / "remembered.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}


def _write(state: Path, known: dict[str, str]) -> None:
    state.mkdir(parents=True, exist_ok=True)
    fresh = state / "remembered.json.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(known))
    fresh.rename(state / "remembered.json")


def port(state: Path, name: str) -> int:
    """Return the same loopback port each time; a free one at first, or `SLIPWAY_PORT_<NAME>` when that is set."""
    wish = os.environ.get(port_variable(name))
    known = _read(state)
    key = f"port.{name}"
    if wish or key not in known:
        taken = {int(value) for other, value in known.items() if other.startswith("port.")}
        number = wish or str(free_port(besides=taken))
        _write(state, {**known, key: number})
        return int(number)
    return int(known[key])


def secret(state: Path, name: str) -> str:
    """Return the same random secret each time."""
    known = _read(state)
    key = f"secret.{name}"
    if key not in known:
        known[key] = secrets.token_urlsafe(24)
        _write(state, known)
    return known[key]

"""A local OCI registry over plain http, for charts and images: on loopback, or on the link to a real node."""

from pathlib import Path

import msgspec

from slipway.dev import remembered
from slipway.dev.build import Binaries
from slipway.dev.process import Server, answers_tcp, spawn, stop, wait_ready


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    server: Server
    host: str
    """`<address>:<port>`."""


async def start_registry(state: Path, binaries: Binaries, address: str = "127.0.0.1") -> Registry:
    """Start the registry with its storage under `state`."""
    port = remembered.port(state, "registry")
    storage = state / "registry"
    storage.mkdir(parents=True, exist_ok=True)
    config = state / "registry.yml"
    settings = {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}},
        "http": {"addr": f"{address}:{port}", "secret": remembered.secret(state, "registry")},
    }
    config.touch(mode=0o600)
    config.write_bytes(msgspec.json.encode(settings))
    argv = [binaries.devcluster, "registry", "serve", config]
    server = spawn(state, "registry", argv, address=f"{address}:{port}")

    async def ready() -> bool:
        return await answers_tcp(address, port)

    await wait_ready(server, ready)
    return Registry(server=server, host=f"{address}:{port}")


async def stop_registry(state: Path, registry: Registry) -> None:
    await stop(state, registry.server)

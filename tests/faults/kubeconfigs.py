"""Kubeconfig files for an executor of a test's own: another way to the cluster, or other credentials."""

from pathlib import Path
from typing import Any

import msgspec

from slipway.dev.stack import Stack


def at(stack: Stack, server: str) -> str:
    """Return the path of an executor's own kubeconfig, with another address of the API server."""
    return _written(stack, "proxied", server=server)


def bearing(stack: Stack, token_file: Path) -> str:
    """Return the path of a kubeconfig whose token stands in a file of its own, as in a pod."""
    return _written(stack, "borne", user={"tokenFile": str(token_file)})


def _written(stack: Stack, name: str, *, server: str | None = None, user: dict[str, Any] | None = None) -> str:
    if stack.cluster is None:
        raise TypeError("only the embedded cluster has executors' own credentials")
    known: Any = msgspec.json.decode(stack.cluster.executor_kubeconfig.read_bytes())
    if server:
        known["clusters"][0]["cluster"]["server"] = server
    if user:
        known["users"][0]["user"] = user
    path = stack.state / f"kubeconfig-{name}"
    path.write_bytes(msgspec.json.encode(known))
    return str(path)

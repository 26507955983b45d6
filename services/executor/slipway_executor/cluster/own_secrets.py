"""Secrets of Slipway's own namespace, read and written as texts."""

import base64
from collections.abc import Mapping

from slipway_executor.cluster.port import Object


def texts(secret: Object) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()}


def body(name: str, data: Mapping[str, str], resource_version: str | None = None) -> Object:
    """Return the Secret; with a resourceVersion it replaces just that one."""
    meta = {"name": name, **({"resourceVersion": resource_version} if resource_version else {})}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": encoded}

"""Real Helm over the charts of this repository: rendering, linting, and what it said."""

import asyncio
import json
from pathlib import Path
from typing import Any

import yaml

from slipway.dev.build import ensure_binaries

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "deploy" / "helm" / "slipway"
COMPONENTS = ("api", "scheduler", "executor", "console")
EVERYTHING: dict[str, Any] = {
    "nats.enabled": True,
    "postgresql.enabled": True,
    "api.autoscaling.enabled": True,
    "executor.keda.enabled": True,
    "metrics.serviceMonitor": True,
    "metrics.dashboards": True,
    "metrics.rules": True,
    "ingress.className": "nginx",
    "ingress.host": "slipway.example.org",
    "ingress.tlsSecretName": "slipway-tls",
    "rbac.trustedClusterRole": "cluster-admin",
    "existingSecret": "more",
    "imagePullSecrets": ["registry-login"],
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "extraVolumes": [{"name": "authority", "configMap": {"name": "authority"}}],
    "extraVolumeMounts": [{"name": "authority", "mountPath": "/authority"}],
}
"""Every part of the platform's chart switched on."""

Object = dict[str, Any]


async def helm(*arguments: str) -> tuple[int, str]:
    """Run Helm; return its exit code and all that it printed."""
    binaries = await ensure_binaries()
    process = await asyncio.create_subprocess_exec(
        str(binaries.helm), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def settings(values: dict[str, Any]) -> list[str]:
    """Return Helm's flags for values by their dotted path (a dot within a key is escaped by a backslash)."""
    return [part for key, value in values.items() for part in ("--set-json", f"{key}={json.dumps(value)}")]


_seen: dict[str, str] = {}
"""What was rendered already, by its namespace and values: many tests look at the same."""


async def rendered(values: dict[str, Any] | None = None) -> list[Object]:
    """Return what the platform's chart renders for release `slipway` in namespace `slipway-system`, hooks included."""
    return await installed_in("slipway-system", values or {})


async def installed_in(namespace: str, values: dict[str, Any]) -> list[Object]:
    """Return what the platform's chart renders for release `slipway` in a namespace."""
    key = json.dumps([namespace, values])
    if key not in _seen:
        code, output = await helm("template", "slipway", str(PLATFORM), f"--namespace={namespace}", *settings(values))
        assert code == 0, output
        _seen[key] = output
    return [item for item in yaml.safe_load_all(_seen[key]) if item]


def at(value: Any, path: str) -> Any:
    """Return what stands at a path, whose steps have spaces between them."""
    for step in path.split():
        value = value[int(step)] if step.isdigit() else value[step]
    return value


def named(objects: list[Object], kind: str, name: str) -> Object:
    [found] = [item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name]
    return found


def container(deployment: Object) -> Object:
    [only] = deployment["spec"]["template"]["spec"]["containers"]
    return only


def environment(objects: list[Object], component: str) -> dict[str, str]:
    """Return all variables that a component's pods are given by their ConfigMap and Secret."""
    import base64

    plain = named(objects, "ConfigMap", f"slipway-{component}")["data"] or {}
    secret = named(objects, "Secret", f"slipway-{component}")["data"] or {}
    return plain | {key: base64.b64decode(value).decode() for key, value in secret.items()}

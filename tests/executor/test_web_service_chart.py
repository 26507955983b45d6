"""The built-in chart, rendered by real Helm: the shapes of the seed, secrets apart from settings."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.dev.build import ensure_binaries

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "web-service"


async def helm(*arguments: str) -> tuple[int, str]:
    binaries = await ensure_binaries()
    process = await asyncio.create_subprocess_exec(
        str(binaries.helm), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def rendered(**values: Any) -> dict[str, Any]:
    """Return the rendered objects by kind."""
    settings = [
        part
        for key, value in values.items()
        for part in ("--set-json", f"{key.replace('__', '.')}={json.dumps(value)}")
    ]
    code, output = await helm("template", "app", str(CHART), *settings)
    assert code == 0, output
    return {item["kind"]: item for item in yaml.safe_load_all(output) if item}


async def test_it_lints_strictly_without_values():
    code, output = await helm("lint", "--strict", str(CHART))
    assert code == 0, output


async def test_it_has_the_seeds_shapes():
    objects = await rendered()
    assert set(objects) == {"Deployment", "Service", "ConfigMap", "Secret"}
    spec = objects["Deployment"]["spec"]
    [container] = spec["template"]["spec"]["containers"]
    assert spec["replicas"] == 2
    assert [next(iter(source)) for source in container["envFrom"]] == ["configMapRef", "secretRef"]
    assert container["resources"] == {
        "limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"},
    }  # fmt: skip
    liveness, readiness = container["livenessProbe"], container["readinessProbe"]
    assert (liveness["initialDelaySeconds"], liveness["periodSeconds"]) == (30, 10)
    assert (readiness["initialDelaySeconds"], readiness["periodSeconds"]) == (5, 5)
    assert liveness["httpGet"] == {"path": "/health", "port": 80}
    assert objects["Service"]["spec"]["type"] == "ClusterIP"
    assert objects["Service"]["spec"]["ports"] == [{"protocol": "TCP", "port": 80, "targetPort": 80}]


async def test_secrets_stand_apart_from_settings():
    objects = await rendered(user__env={"API_TOKEN": "t", "DB_PASSWORD": "p", "COLOUR": "blue", "KEYBOARD": "us"})
    secret = {key: base64.b64decode(value).decode() for key, value in objects["Secret"]["data"].items()}
    assert objects["ConfigMap"]["data"] == {"COLOUR": "blue", "KEYBOARD": "us"}
    assert {key: secret[key] for key in ("API_TOKEN", "DB_PASSWORD")} == {"API_TOKEN": "t", "DB_PASSWORD": "p"}


async def test_an_ingress_comes_with_a_class_and_a_domain():
    assert "Ingress" not in await rendered(slipway__domain="a.example.org")
    ingress = (await rendered(slipway__domain="a.example.org", ingress__className="nginx"))["Ingress"]
    assert ingress["spec"]["rules"][0]["host"] == "a.example.org"


async def test_a_digest_wins_over_the_tag():
    digest = f"sha256:{'a' * 64}"
    objects = await rendered(image__digest=digest, image__repository="r.example.org/x")
    assert objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] == f"r.example.org/x@{digest}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("replicaCount", "two"),
        ("user.unknown", 1),
        ("user.replicaCount", -1),
        ("service.type", "Other"),
        ("probePath", "health"),
        ("bogus", 1),
    ],
)
async def test_its_schema_refuses(key: str, value: Any):
    code, output = await helm("template", "app", str(CHART), "--set-json", f"{key}={json.dumps(value)}")
    assert code != 0
    assert "schema" in output

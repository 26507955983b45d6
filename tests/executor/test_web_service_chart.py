"""The built-in chart, rendered by real Helm: the shapes of the seed, secrets apart from settings."""

import asyncio
import base64
import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from slipway.dev.build import ensure_binaries
from slipway.domain.images import parse_image

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
    assert spec["selector"] == {"matchLabels": {"app": "app"}}
    assert spec["template"]["metadata"]["labels"] == {"app": "app"}
    assert (container["name"], container["image"]) == ("app", "registry.example.org/app:latest")
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["ports"] == [{"containerPort": 80}]
    assert [next(iter(source)) for source in container["envFrom"]] == ["configMapRef", "secretRef"]
    assert container["resources"] == {
        "limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"},
    }  # fmt: skip
    liveness, readiness = container["livenessProbe"], container["readinessProbe"]
    assert (liveness["initialDelaySeconds"], liveness["periodSeconds"]) == (30, 10)
    assert (readiness["initialDelaySeconds"], readiness["periodSeconds"]) == (5, 5)
    assert liveness["httpGet"] == {"path": "/health", "port": 80}
    assert objects["Service"]["spec"] == {
        "selector": {"app": "app"}, "ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}], "type": "ClusterIP",
    }  # fmt: skip


async def test_its_values_are_the_seeds():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert (values["image"]["tag"], values["image"]["pullPolicy"]) == ("latest", "IfNotPresent")
    assert values["env"] == {"FRONTEND_URL": "", "DATABASE_URL": "", "JWT_SECRET_KEY": ""}
    assert (values["nodeSelector"], values["tolerations"], values["affinity"]) == ({}, [], {})


@pytest.mark.parametrize("version", ["1.30", "1.31", "1.34", "1.37"])
async def test_every_object_is_valid_for_kubernetes(version: str):
    objects = await rendered(
        slipway__domain="a.example.org", ingress__className="nginx", tolerations=[{"operator": "Exists"}]
    )
    assert len(objects) == 5
    for item in objects.values():
        kubernetes_validate.validate(item, version, strict=True)


async def test_where_its_pods_run_is_told_by_the_seeds_values():
    affinity = {"podAntiAffinity": {}}
    objects = await rendered(nodeSelector={"disk": "fast"}, tolerations=[{"operator": "Exists"}], affinity=affinity)
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert (pod["nodeSelector"], pod["tolerations"], pod["affinity"]) == (
        {"disk": "fast"}, [{"operator": "Exists"}], affinity,
    )  # fmt: skip


async def test_secrets_stand_apart_from_settings():
    kept = {f"X_{kind}": kind for kind in ("KEY", "KEYS", "URL", "PASSWORD", "TOKEN", "SECRET", "HEADERS")}
    objects = await rendered(user__env={**kept, "COLOUR": "blue", "KEYBOARD": "us"})
    secret = {key: base64.b64decode(value).decode() for key, value in objects["Secret"]["data"].items()}
    assert objects["ConfigMap"]["data"] == {"COLOUR": "blue", "KEYBOARD": "us"}
    assert {key: secret[key] for key in kept} == kept


def test_both_charts_take_the_same_variables_for_secrets():
    templates = (CHART / "templates" / "_helpers.tpl", CHART.parent / "slipway" / "templates" / "_environment.tpl")
    assert len({re.findall(r'regexMatch "(_\([A-Z|]+\)\$)"', each.read_text())[0] for each in templates}) == 1


async def test_what_has_no_variable_is_an_empty_object():
    """Not null, which a server-side apply and a diff would show as a change."""
    objects = await rendered()
    assert objects["ConfigMap"]["data"] == {}, "all three of the seed's are secret"
    assert set(objects["Secret"]["data"]) == {"FRONTEND_URL", "DATABASE_URL", "JWT_SECRET_KEY"}
    none = await rendered(env__FRONTEND_URL=None, env__DATABASE_URL=None, env__JWT_SECRET_KEY=None, env__COLOUR="blue")
    assert (none["ConfigMap"]["data"], none["Secret"]["data"]) == ({"COLOUR": "blue"}, {})


IMAGES = (
    "nginx", "nginx:1", "team/app:1.0", "registry.example.org:5000/team/my__app-x.y:V_1", "localhost/app",
    f"REGISTRY.example.org/app@sha256:{'a' * 64}", f"app:1@sha256:{'b' * 64}",
)  # fmt: skip


@pytest.mark.parametrize("url", IMAGES)
async def test_its_schema_takes_every_image_that_a_template_may_name(url: str):
    image = parse_image(url)
    parts = {"image__repository": image.repository, "image__tag": image.tag, "image__digest": image.digest or ""}
    assert "Deployment" in await rendered(**parts)


async def test_a_number_is_told_as_it_was_written():
    given = {"MAX_BYTES": 10_485_760, "SHARE": 0.25, "FLAG": True, "PIN_TOKEN": 1_000_000}
    objects = await rendered(user__env=given)
    assert objects["ConfigMap"]["data"] == {"MAX_BYTES": "10485760", "SHARE": "0.25", "FLAG": "true"}
    assert base64.b64decode(objects["Secret"]["data"]["PIN_TOKEN"]) == b"1000000"


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
        ("env.NOT-A-NAME", "x"),
        ("service.port", 0),
        ("image.pullPolicy", "Sometimes"),
        ("image.repository", "Not An Image"),
        ("image.repository", ""),
        ("image.tag", "a b"),
        ("image.tag", ""),
        ("image.digest", "sha256:short"),
        ("resources.limits.cpu", "much"),
        ("user.resources.limits.memory", "1 GB"),
        ("user.resources.limits.memory", -1),
        ("nodeSelector", {"bad key!": "x"}),
        ("tolerations", [{"operator": "Nope"}]),
        ("affinity.bogus", 1),
    ],
)
async def test_its_schema_refuses(key: str, value: Any):
    code, output = await helm("template", "app", str(CHART), "--set-json", f"{key}={json.dumps(value)}")
    assert code != 0
    assert "schema" in output

"""values.schema.json: each wrong value is refused by its place, whatever component it is given to."""

from typing import Any

import pytest

from tests.deploy.helming import PLATFORM, helm, settings

WRONG: list[tuple[str, Any]] = [
    ("replicaCount", "two"),
    ("replicaCount", -1),
    ("replicaCount", 1.5),
    ("image.repository", "Not A Reference"),
    ("image.tag", "a b"),
    ("image.tag", ""),
    ("image.digest", "sha256:short"),
    ("image.pullPolicy", "Sometimes"),
    ("image.unknown", 1),
    ("imagePullSecrets", [{"name": "login"}]),
    ("service.type", "ExternalName"),
    ("service.port", 0),
    ("service.port", "8080"),
    ("service.type", ""),
    ("containerPort", 65536),
    ("resources.limits.cpu", "much"),
    ("resources.request", {}),
    ("env", []),
    ("env.NOT-A-NAME", "x"),
    ("env.LIST", ["x"]),
    ("env.DATABASE_URL", "mysql://db/x"),
    ("env.NATS_URL", "http://nats:4222"),
    ("env.FRONTEND_URL", "console.example.org"),
    ("env.JWT_SECRET_KEY", "too-short"),
    ("existingSecret", "Upper_Case"),
    ("nodeSelector.disk", 1),
    ("nodeSelector", {"bad key!": "x"}),
    ("nodeSelector.disk", "not a label"),
    ("tolerations", {}),
    ("tolerations", [{"operator": "Nope"}]),
    ("tolerations", [{"key": "dedicated", "effect": "Never"}]),
    ("tolerations", [{"keys": "dedicated"}]),
    ("affinity", []),
    ("affinity.bogus", 1),
    ("affinity.nodeAffinity.bogus", []),
    ("extraVolumes", [{"emptyDir": {}}]),
    ("extraVolumeMounts", [{"name": "x"}]),
    ("extraVolumeMounts", [{"name": "x", "mountPath": "etc/x"}]),
    ("podDisruptionBudget.enabled", "yes"),
    ("networkPolicy.egressPorts", ["dns"]),
    ("networkPolicy.kubernetesPorts", [0]),
]
"""Shared values; every component may override each of them."""
WRONG_ALONE: list[tuple[str, Any]] = [
    ("bogus", 1),
    ("api.bogus", 1),
    ("api.enabled", "on"),
    ("service.nodePort", 30080),
    ("console.service.nodePort", 70000),
    ("console.service.nodePort", 1),
    ("console.service.type", "ExternalName"),
    ("api.autoscaling.minReplicas", 0),
    ("api.autoscaling.targetCPUUtilizationPercentage", "80%"),
    ("api.keda", {}),
    ("scheduler.autoscaling", {}),
    ("scheduler.terminationGracePeriodSeconds", 0),
    ("executor.env.DATABASE_URL", "postgresql://u@db/x"),
    ("executor.env.JWT_SECRET_KEY", "k" * 40),
    ("executor.keda.lagThreshold", 0),
    ("executor.keda.minReplicas", 0),
    ("executor.keda.monitoringEndpoint", "http://nats:8222"),
    ("executor.keda.triggers", [{"metadata": {}}]),
    ("executor.cacheSize", "big"),
    ("console.keda", {}),
    ("migrations.env.DATABASE_URL", "sqlite:///x"),
    ("migrations.env.OTHER", "x"),
    ("migrations.activeDeadlineSeconds", 0),
    ("admin.email", "nobody"),
    ("admin.password", "short"),
    ("rbac.create", "yes"),
    ("rbac.clusterAdmin", True),
    ("rbac.trustedClusterRole", "two words"),
    ("ingress.host", "Bad_Host"),
    ("ingress.annotations.x", 1),
    ("trustedProxies", "10.42.0.0/16"),
    ("trustedProxies", ["the-proxy"]),
    ("metrics.serviceMonitor", {"enabled": True}),
    ("metrics.interval", "often"),
    ("nats.enabled", 1),
    ("nats.persistence.size", "10 GB"),
    ("postgresql.image", ""),
    ("nats.image", "Not An Image"),
    ("nats.image", "nats:"),
    ("postgresql.replicas", 3),
    ("fullnameOverride", "Has Spaces"),
]


@pytest.mark.parametrize(("key", "value"), [*WRONG, *WRONG_ALONE], ids=lambda each: str(each)[:40])
async def test_a_wrong_value_is_refused_by_its_place(key: str, value: Any):
    await refused(key, value)


@pytest.mark.parametrize(("key", "value"), WRONG[::3], ids=lambda each: str(each)[:40])
async def test_it_is_refused_for_a_component_too(key: str, value: Any):
    await refused(f"executor.{key}", value)


async def test_rights_of_trusted_charts_are_given_by_the_release_that_owns_their_account():
    values = {"rbac.systemNamespace": False, "rbac.trustedClusterRole": "cluster-admin"}
    code, output = await helm("template", "slipway", str(PLATFORM), *settings(values))
    assert code != 0
    assert "'/rbac/trustedClusterRole'" in output


async def refused(key: str, value: Any) -> None:
    code, output = await helm("template", "slipway", str(PLATFORM), *settings({key: value}))
    assert code != 0, f"{key}={value!r} was taken"
    assert "values don't meet the specifications of the schema" in output
    parts = key.split(".")
    places = {f"'/{'/'.join(parts[:end])}" for end in range(1, len(parts) + 1)} | {f"'{parts[-1]}' not allowed"}
    assert any(place in output for place in places), output

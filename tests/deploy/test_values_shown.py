"""The platform's chart: what each value does is seen at its place in what is rendered."""

from typing import Any

import pytest

from tests.deploy.helming import PLATFORM, at, named, rendered

POD = "spec template spec"
ONLY = f"{POD} containers 0"
DIGEST = f"sha256:{'a' * 64}"
ANNOTATIONS = "metadata annotations"
LABELS = {"release": "prometheus"}
MOUNT = {"name": "authority", "mountPath": "/authority"}
AUTHORITY = {"extraVolumes": [{"name": "authority", "configMap": {"name": "authority"}}], "extraVolumeMounts": [MOUNT]}
SCALED: dict[str, Any] = {
    "api.autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 7, "targetCPUUtilizationPercentage": 55}
}
KEDA: dict[str, Any] = {
    "executor.keda": {"enabled": True, "minReplicas": 3, "maxReplicas": 7, "lagThreshold": 2, "account": "SLIPWAY"},
    "executor.env.SLIPWAY_CLUSTER": "north", "nats.enabled": True,
}  # fmt: skip
OWN_NATS = {"executor.keda.enabled": True, "executor.keda.monitoringEndpoint": "nats.example.org:8222"}
OWN_TRIGGERS = [{"type": "prometheus", "metadata": {"query": "slipway_jobs"}}]
METRICS = {
    "metrics.serviceMonitor": True, "metrics.dashboards": True, "metrics.rules": True, "metrics.interval": "15s",
    "metrics.labels": LABELS, "api.containerPort": 9000,
}  # fmt: skip
INGRESS = {
    "ingress.className": "nginx", "ingress.host": "s.example.org", "ingress.tlsSecretName": "cert", "ingress.annotations": {"a": "b"},
}  # fmt: skip
TRIAL: dict[str, Any] = {
    f"{server}.{key}": value for server in ("nats", "postgresql") for key, value in (
        ("enabled", True), ("image", "registry.example.org/server:1"), ("persistence.size", "9Gi"),
        ("persistence.storageClassName", "fast"), ("resources.limits.cpu", "3"),
    )
}  # fmt: skip
ON_NO_VOLUME = {**TRIAL, "nats.persistence.enabled": False, "postgresql.persistence.enabled": False}
CLAIM = "spec volumeClaimTemplates 0 spec"
PG_ISREADY = {"exec": {"command": ["pg_isready", "--host=127.0.0.1", "--username=postgres", "--dbname=slipway"]}}
JOB = {"migrations.activeDeadlineSeconds": 90}
DELETED = "before-hook-creation,hook-succeeded"

SHOWN: list[tuple[dict[str, Any], str, str, str, Any]] = [
    (SCALED, "HorizontalPodAutoscaler", "slipway-api", "spec minReplicas", 3),
    (SCALED, "HorizontalPodAutoscaler", "slipway-api", "spec maxReplicas", 7),
    (SCALED, "HorizontalPodAutoscaler", "slipway-api", "spec metrics", [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 55}}}
    ]),
    (KEDA, "ScaledObject", "slipway-executor", "spec scaleTargetRef", {"name": "slipway-executor"}),
    (KEDA, "ScaledObject", "slipway-executor", "spec minReplicaCount", 3),
    (KEDA, "ScaledObject", "slipway-executor", "spec maxReplicaCount", 7),
    (KEDA, "ScaledObject", "slipway-executor", "spec triggers", [{
        "type": "nats-jetstream", "metricType": "Value", "metadata": {
            "natsServerMonitoringEndpoint": "slipway-nats.slipway-system:8222", "account": "SLIPWAY",
            "stream": "SLIPWAY_JOBS", "consumer": "executors-north", "lagThreshold": "2",
        },
    }]),
    (OWN_NATS, "ScaledObject", "slipway-executor", "spec triggers 0 metadata natsServerMonitoringEndpoint", "nats.example.org:8222"),
    (OWN_NATS, "ScaledObject", "slipway-executor", "spec triggers 0 metadata account", "$G"),
    ({"executor.keda.enabled": True, "executor.keda.triggers": OWN_TRIGGERS}, "ScaledObject", "slipway-executor",
     "spec triggers", OWN_TRIGGERS),

    ({"image.digest": DIGEST, "image.tag": "1.2"}, "Deployment", "slipway-console", f"{ONLY} image", f"slipway/console@{DIGEST}"),
    ({"api.image.digest": DIGEST}, "Job", "slipway-migrations", f"{ONLY} image", f"slipway/api@{DIGEST}"),
    ({"api.image.digest": DIGEST}, "Deployment", "slipway-scheduler", f"{ONLY} image", "slipway/scheduler:latest"),
    (AUTHORITY, "Deployment", "slipway-api", f"{ONLY} volumeMounts 1", MOUNT),
    (AUTHORITY, "Deployment", "slipway-executor", f"{ONLY} volumeMounts 2", MOUNT),
    ({}, "Deployment", "slipway-executor", f"{ONLY} volumeMounts 1", {"name": "cache", "mountPath": "/cache"}),
    ({"executor.cacheSize": "3Gi"}, "Deployment", "slipway-executor", f"{POD} volumes 1", {"name": "cache", "emptyDir": {"sizeLimit": "3Gi"}}),
    ({"console.service.nodePort": 30080}, "Service", "slipway-console", "spec ports 0 nodePort", 30080),
    ({"api.service.port": 81}, "ConfigMap", "slipway-console", "data SLIPWAY_API_ADDRESS", "slipway-api:81"),
    ({"containerPort": 9000}, "ConfigMap", "slipway-console", "data SLIPWAY_HTTP_PORT", "9000"),

    (METRICS, "ServiceMonitor", "slipway-api", "spec endpoints", [{"targetPort": 9000, "path": "/metrics", "interval": "15s"}]),
    (METRICS, "PrometheusRule", "slipway", "metadata labels release", "prometheus"),
    (METRICS, "ConfigMap", "slipway-dashboard-slipway", "metadata labels release", "prometheus"),
    (METRICS, "ConfigMap", "slipway-dashboard-slipway", "metadata labels grafana_dashboard", "1"),
    (METRICS, "ConfigMap", "slipway-dashboard-slipway", "data slipway.json",
     (PLATFORM / "dashboards" / "slipway.json").read_text(encoding="utf-8")),

    (INGRESS, "Ingress", "slipway-console", "spec ingressClassName", "nginx"),
    (INGRESS, "Ingress", "slipway-console", "spec tls", [{"secretName": "cert", "hosts": ["s.example.org"]}]),
    (INGRESS, "Ingress", "slipway-console", ANNOTATIONS, {"a": "b"}),

    *((TRIAL, "StatefulSet", name, path, shown) for name in ("slipway-nats", "slipway-postgresql") for path, shown in (
        (f"{CLAIM} resources requests storage", "9Gi"),
        (f"{CLAIM} storageClassName", "fast"),
        (f"{ONLY} image", "registry.example.org/server:1"),
        (f"{ONLY} resources limits cpu", "3"),
        (f"{POD} terminationGracePeriodSeconds", 60),
    )),
    (ON_NO_VOLUME, "StatefulSet", "slipway-nats", f"{POD} volumes 1", {"name": "data", "emptyDir": {"sizeLimit": "9Gi"}}),
    (ON_NO_VOLUME, "StatefulSet", "slipway-postgresql", f"{POD} volumes 2", {"name": "data", "emptyDir": {"sizeLimit": "9Gi"}}),
    (TRIAL, "StatefulSet", "slipway-nats", f"{ONLY} livenessProbe httpGet", {"path": "/healthz?js-enabled-only=true", "port": 8222}),
    (TRIAL, "StatefulSet", "slipway-nats", f"{ONLY} readinessProbe httpGet", {"path": "/healthz", "port": 8222}),
    (TRIAL, "StatefulSet", "slipway-postgresql", f"{ONLY} livenessProbe",
     {**PG_ISREADY, "initialDelaySeconds": 30, "periodSeconds": 10}),
    (TRIAL, "StatefulSet", "slipway-postgresql", f"{ONLY} readinessProbe",
     {**PG_ISREADY, "initialDelaySeconds": 5, "periodSeconds": 5}),
    (TRIAL, "StatefulSet", "slipway-postgresql", f"{ONLY} lifecycle preStop exec command",
     ["pg_ctl", "stop", "--mode=fast", "--no-wait"]),

    (JOB, "Job", "slipway-migrations", "spec activeDeadlineSeconds", 90),
    (JOB, "Job", "slipway-migrations", "spec backoffLimit", 10),
    (JOB, "Job", "slipway-migrations", f"{ANNOTATIONS} helm.sh/hook-weight", "0"),
    (JOB, "Secret", "slipway-migrations", f"{ANNOTATIONS} helm.sh/hook-weight", "-10"),
    (JOB, "Job", "slipway-migrations", f"{ANNOTATIONS} helm.sh/hook-delete-policy", DELETED),
    (JOB, "Secret", "slipway-migrations", f"{ANNOTATIONS} helm.sh/hook-delete-policy", DELETED),
    (JOB, "Job", "slipway-test", f"{ANNOTATIONS} helm.sh/hook-delete-policy", DELETED),
]  # fmt: skip
"""Values, then kind and name of an object, a path in it, and what stands there."""


@pytest.mark.parametrize(
    ("values", "kind", "name", "path", "shown"), SHOWN, ids=[" ".join(each[1:4]) for each in SHOWN]
)
async def test_a_value_is_seen_at_its_place(values: dict[str, Any], kind: str, name: str, path: str, shown: Any):
    assert at(named(await rendered(values), kind, name), path) == shown


async def test_migrations_are_left_to_the_operator_who_says_so():
    assert "migrations" not in str([item["metadata"] for item in await rendered({"migrations.enabled": False})])


async def test_pods_are_made_anew_when_what_they_are_told_changes_and_not_otherwise():
    told = {"env.DATABASE_URL": "postgresql://one:p@db/x", "env.NATS_URL": "nats://all:p@nats:4222"}

    async def changed(values: dict[str, Any]) -> set[str]:
        """Return the components whose pods such values replace; the API's are always, as its key is made anew here."""
        now, then = await rendered({**told, **values}), await rendered(told)
        path = "spec template metadata annotations checksum/environment"
        names = [f"slipway-{component}" for component in ("scheduler", "executor", "console")]
        return {
            name
            for name in names
            if at(named(now, "Deployment", name), path) != at(named(then, "Deployment", name), path)
        }

    assert await changed({"replicaCount": 3}) == set()
    assert await changed({"env.SLIPWAY_SLOTS": 3}) == {"slipway-executor"}
    assert await changed({"env.NATS_URL": "nats://all:other@nats:4222"}) == {"slipway-scheduler", "slipway-executor"}
    assert await changed({"api.service.port": 81}) == {"slipway-console"}

"""The platform's chart, rendered by real Helm: the seed's shapes for each component, and what stands beside them."""

import contextlib
from typing import Any

import kubernetes_validate
import pytest
import yaml

from slipway_executor import worker
from tests.deploy.helming import (
    COMPONENTS,
    EVERYTHING,
    PLATFORM,
    at,
    container,
    environment,
    helm,
    installed_in,
    named,
    rendered,
)

VERSIONS = ("1.30", "1.31", "1.34", "1.37")
FOREIGN = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}
"""Kinds that Kubernetes does not have by itself."""
PORT = 8080


async def test_it_lints_strictly_and_renders_without_values():
    code, output = await helm("lint", "--strict", str(PLATFORM))
    assert code == 0, output
    assert await rendered()


async def test_its_values_are_the_seeds():
    values = yaml.safe_load((PLATFORM / "values.yaml").read_text())
    assert values["replicaCount"] == 2
    assert (values["image"]["tag"], values["image"]["pullPolicy"]) == ("latest", "IfNotPresent")
    assert values["service"] == {"type": "ClusterIP", "port": PORT}
    assert values["resources"] == {
        "limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"},
    }  # fmt: skip
    assert values["env"] == {"FRONTEND_URL": "", "DATABASE_URL": "", "JWT_SECRET_KEY": ""}
    assert (values["nodeSelector"], values["tolerations"], values["affinity"]) == ({}, [], {})


@pytest.mark.parametrize("component", COMPONENTS)
async def test_each_component_has_the_seeds_deployment_and_service(component: str):
    objects, name = await rendered(), f"slipway-{component}"
    deployment, service = named(objects, "Deployment", name), named(objects, "Service", name)
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["selector"] == {"matchLabels": {"app": name}}
    assert deployment["spec"]["template"]["metadata"]["labels"] == {"app": name}
    only = container(deployment)
    assert (only["name"], only["image"]) == (name, f"slipway/{component}:latest")
    assert [port["containerPort"] for port in only["ports"]] == [PORT]
    assert only["envFrom"] == [{"configMapRef": {"name": name}}, {"secretRef": {"name": name}}]
    assert only["resources"] == {
        "limits": {"cpu": "500m", "memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"},
    }  # fmt: skip
    probe = {"httpGet": {"path": "/health", "port": PORT}}
    assert only["livenessProbe"] == {**probe, "initialDelaySeconds": 30, "periodSeconds": 10}
    assert only["readinessProbe"] == {**probe, "initialDelaySeconds": 5, "periodSeconds": 5}
    assert service["spec"] == {
        "selector": {"app": name},
        "ports": [{"protocol": "TCP", "port": PORT, "targetPort": PORT}],
        "type": "NodePort" if component == "console" else "ClusterIP",
    }
    assert named(objects, "ConfigMap", name)
    assert named(objects, "Secret", name)


OVERRIDES: list[tuple[str, Any, str, Any]] = [
    ("replicaCount", 5, "spec replicas", 5),
    ("image.repository", "registry.example.org/own", "image", "registry.example.org/own:latest"),
    ("image.tag", "1.2", "image", "slipway/scheduler:1.2"),
    ("image.pullPolicy", "Always", "imagePullPolicy", "Always"),
    ("containerPort", 9000, "ports 0 containerPort", 9000),
    ("resources.limits.cpu", "2", "resources limits cpu", "2"),
    ("nodeSelector", {"disk": "fast"}, "spec template spec nodeSelector", {"disk": "fast"}),
    ("tolerations", [{"operator": "Exists"}], "spec template spec tolerations", [{"operator": "Exists"}]),
    ("affinity", {"podAntiAffinity": {}}, "spec template spec affinity", {"podAntiAffinity": {}}),
    ("existingSecret", "mine", "envFrom 2 secretRef name", "mine"),
    ("extraVolumes", [{"name": "x", "emptyDir": {}}], "spec template spec volumes 1", {"name": "x", "emptyDir": {}}),
    ("imagePullSecrets", ["login"], "spec template spec imagePullSecrets", [{"name": "login"}]),
    ("terminationGracePeriodSeconds", 7, "spec template spec terminationGracePeriodSeconds", 7),
]


@pytest.mark.parametrize(("key", "value", "path", "shown"), OVERRIDES, ids=[each[0] for each in OVERRIDES])
async def test_a_component_overrides_any_shared_value_for_itself_alone(key: str, value: Any, path: str, shown: Any):
    def look(deployment: dict[str, Any]) -> Any:
        return at(deployment if path.startswith("spec ") else container(deployment), path)

    objects = await rendered({f"scheduler.{key}": value})
    assert look(named(objects, "Deployment", "slipway-scheduler")) == shown
    other = named(objects, "Deployment", "slipway-executor")
    with contextlib.suppress(KeyError, IndexError):  # the other has none at all
        assert look(other) != shown


async def test_shared_values_reach_every_component():
    objects = await rendered({"replicaCount": 3, "image.repository": "registry.example.org/team", "image.tag": "2.0"})
    for component in COMPONENTS:
        deployment = named(objects, "Deployment", f"slipway-{component}")
        assert deployment["spec"]["replicas"] == 3
        assert container(deployment)["image"] == f"registry.example.org/team/{component}:2.0"


async def test_every_pod_keeps_the_level_restricted():
    for item in await rendered(EVERYTHING):
        if item["kind"] not in ("Deployment", "StatefulSet", "Job"):
            continue
        pod = item["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in pod["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }, item["metadata"]["name"]  # fmt: skip
        token = pod.get("automountServiceAccountToken")
        assert token is (item["metadata"]["name"] == "slipway-executor"), "only executors speak to the API server"


async def test_pods_are_given_the_time_that_their_process_takes_to_stop():
    objects = await rendered()
    grace = {
        component: named(objects, "Deployment", f"slipway-{component}")["spec"]["template"]["spec"]
        for component in COMPONENTS
    }
    assert grace["executor"]["terminationGracePeriodSeconds"] >= 2 * worker.GRACE_SEC
    for component in ("api", "console"):
        assert grace[component]["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}
    for component in ("scheduler", "executor"):
        assert "lifecycle" not in grace[component]["containers"][0], "nobody sends it requests"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "values", [{}, EVERYTHING, {**EVERYTHING, "nats.persistence.enabled": False}], ids=["none", "all", "no volume"]
)
@pytest.mark.parametrize("namespace", ["slipway-system", "another"])
async def test_every_object_is_valid_for_kubernetes(version: str, values: dict[str, Any], namespace: str):
    objects = await installed_in(namespace, values)
    checked = [item for item in objects if item["kind"] not in FOREIGN]
    for item in checked:
        kubernetes_validate.validate(item, version, strict=True)
    assert len(checked) >= 25


def test_the_oldest_kubernetes_that_the_chart_allows_is_among_those():
    told = yaml.safe_load((PLATFORM / "Chart.yaml").read_text())["kubeVersion"]
    assert told == f">={VERSIONS[0]}.0-0"
    assert f"Kubernetes {VERSIONS[0]} or newer" in (PLATFORM / "README.md").read_text()


async def test_an_invalid_object_would_be_noticed():
    deployment = named(await rendered(), "Deployment", "slipway-api")
    container(deployment)["livenessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


async def test_disruptions_take_one_pod_of_a_component_at_a_time():
    objects = await rendered({"console.podDisruptionBudget.enabled": False})
    budgets = {item["metadata"]["name"]: item["spec"] for item in objects if item["kind"] == "PodDisruptionBudget"}
    assert set(budgets) == {"slipway-api", "slipway-scheduler", "slipway-executor"}
    assert budgets["slipway-api"] == {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "slipway-api"}}}


async def test_what_scales_by_itself_is_given_no_number_of_replicas():
    objects = await rendered({"api.autoscaling.enabled": True, "executor.keda.enabled": True, "nats.enabled": True})
    assert "replicas" not in named(objects, "Deployment", "slipway-api")["spec"]
    assert "replicas" not in named(objects, "Deployment", "slipway-executor")["spec"]
    scaler = named(objects, "HorizontalPodAutoscaler", "slipway-api")["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "slipway-api"}


async def test_prometheus_finds_every_service_that_has_metrics():
    objects = await rendered({"metrics.serviceMonitor": True, "metrics.labels": {"release": "prometheus"}})
    monitors = [item for item in objects if item["kind"] == "ServiceMonitor"]
    assert [item["metadata"]["name"] for item in monitors] == ["slipway-api", "slipway-scheduler", "slipway-executor"]
    for item in monitors:
        assert item["metadata"]["labels"]["release"] == "prometheus"
        service = named(objects, "Service", item["metadata"]["name"])
        assert item["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert item["spec"]["endpoints"][0]["targetPort"] in [port["targetPort"] for port in service["spec"]["ports"]]


async def test_an_ingress_leads_to_the_console():
    assert "Ingress" not in {item["kind"] for item in await rendered()}
    objects = await rendered(
        {"ingress.className": "nginx", "ingress.host": "s.example.org", "console.service.port": 80}
    )
    [rule] = named(objects, "Ingress", "slipway-console")["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert (rule["host"], backend) == ("s.example.org", {"name": "slipway-console", "port": {"number": 80}})


async def test_the_console_s_service_is_reached_past_its_ingress_by_nobody_unless_the_operator_says_so():
    behind = {"ingress.className": "nginx"}
    for values, kind, believed in (
        ({}, "NodePort", "false"),
        (behind, "ClusterIP", "true"),
        ({**behind, "console.service.type": "NodePort"}, "NodePort", "false"),
        ({**behind, "console.service.type": "LoadBalancer"}, "LoadBalancer", "false"),
        ({**behind, "console.service.nodePort": 30080}, "NodePort", "false"),
        ({"console.service.type": "ClusterIP"}, "ClusterIP", "false"),
        ({"console.env.SLIPWAY_BEHIND_PROXY": "true"}, "NodePort", "true"),
    ):
        objects = await rendered(values)
        assert named(objects, "Service", "slipway-console")["spec"]["type"] == kind
        assert environment(objects, "console")["SLIPWAY_BEHIND_PROXY"] == believed, values


@pytest.mark.parametrize("job", ["migrations", "test"])
async def test_what_runs_the_api_s_image_runs_where_and_as_the_api_does(job: str):
    own = {
        "imagePullSecrets": ["login"], "image.pullPolicy": "Always", "nodeSelector": {"disk": "fast"},
        "tolerations": [{"operator": "Exists"}], "affinity": {"podAntiAffinity": {}}, "resources.limits.cpu": "2",
    }  # fmt: skip
    objects = await rendered({f"api.{key}": value for key, value in own.items()})
    api, other = named(objects, "Deployment", "slipway-api"), named(objects, "Job", f"slipway-{job}")
    for key in ("imagePullSecrets", "nodeSelector", "tolerations", "affinity"):
        assert at(other, f"spec template spec {key}") == at(api, f"spec template spec {key}")
    for key in ("image", "imagePullPolicy", "resources"):
        assert container(other)[key] == container(api)[key]


async def test_migrations_see_the_file_that_the_database_s_url_names():
    volume, mount = {"name": "ca", "configMap": {"name": "ca"}}, {"name": "ca", "mountPath": "/ca"}
    job = named(await rendered({"extraVolumes": [volume], "extraVolumeMounts": [mount]}), "Job", "slipway-migrations")
    assert volume in job["spec"]["template"]["spec"]["volumes"]
    assert mount in container(job)["volumeMounts"]


async def test_the_alert_on_missing_services_asks_for_those_that_run_here():
    def asked(objects: list[dict[str, Any]]) -> str:
        [found] = [item for item in objects if item["kind"] == "PrometheusRule"]
        rules = {each["alert"]: each["expr"] for each in found["spec"]["groups"][0]["rules"]}
        return rules["SlipwayServiceDown"]

    every = [f'absent(slipway_build_info{{component="{name}"}})' for name in ("api", "scheduler", "executor")]
    assert asked(await rendered({"metrics.rules": True})) == " or ".join(every)
    executor_only = {f"{component}.enabled": False for component in ("api", "scheduler", "console")}
    assert asked(await rendered({"metrics.rules": True, **executor_only})) == every[2]


async def test_an_executor_alone_serves_a_second_cluster():
    switches = {f"{component}.enabled": False for component in ("api", "scheduler", "console")}
    objects = await rendered({**switches, "env.NATS_URL": "tls://executor-north:p@nats.example.org:4222"})
    assert [item["metadata"]["name"] for item in objects if item["kind"] == "Deployment"] == ["slipway-executor"]
    assert "slipway-migrations" not in {item["metadata"]["name"] for item in objects}

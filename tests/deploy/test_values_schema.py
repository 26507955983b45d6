"""values.schema.json: each wrong value is refused by its place, whatever component it is given to."""

import re
from ipaddress import ip_network
from typing import Annotated, Any, Literal

import msgspec
import pytest
import yaml

from slipway.dev.values_schema import variables_schema
from slipway.settings import Network, Settings
from tests.deploy.helming import COMPONENTS, PLATFORM, helm, settings
from tests.deploy.test_readme import described, leaves

WRONG: list[tuple[str, Any]] = [
    ("replicaCount", "two"),
    ("replicaCount", -1),
    ("replicaCount", 1.5),
    ("image.repository", "Not A Reference"),
    ("image.repository", "registry.example.org/team:1.0"),
    ("image.repository", "registry.example.org/team/"),
    ("image.repository", "a::b"),
    ("image.tag", "a b"),
    ("image.tag", ""),
    ("image.digest", "sha256:short"),
    ("image.pullPolicy", "Sometimes"),
    ("image.unknown", 1),
    ("imagePullSecrets", [{"name": "login"}]),
    ("service.type", "ExternalName"),
    ("service.port", 0),
    ("service.port", "8080"),
    ("containerPort", 65536),
    ("resources.limits.cpu", "much"),
    ("resources.limits.cpu", -1),
    ("resources.limits.memory", "512 MiB"),
    ("resources.requests.cpu", "-100m"),
    ("resources.requests.memory", "1 GB"),
    ("resources.request", {}),
    ("env", []),
    ("env.NOT-A-NAME", "x"),
    ("env.LIST", ["x"]),
    ("env.DATABASE_URL", "mysql://db/x"),
    ("env.NATS_URL", "http://nats:4222"),
    ("env.FRONTEND_URL", "console.example.org"),
    ("env.SLIPWAY_HTTP_PORT", 9),
    ("env.SLIPWAY_HTTP_HOST", "127.0.0.1"),
    ("existingSecret", "Upper_Case"),
    ("existingSecret", "a..b"),
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
    ("networkPolicy.enabled", "yes"),
    ("networkPolicy.egressPorts", ["dns"]),
    ("networkPolicy.kubernetesPorts", [0]),
]
"""Shared values; every component may override each of them."""
WRONG_OF_A_COMPONENT: list[tuple[str, Any]] = [
    ("bogus", 1),
    ("enabled", "on"),
    ("terminationGracePeriodSeconds", 0),
    ("image.repository", "registry.example.org:5000"),
    ("service.nodePort", 70000),
    ("service.nodePort", 1),
]
WRONG_SETTINGS: list[tuple[str, str, Any]] = [
    ("api", "JWT_SECRET_KEY", "too-short"),
    ("api", "SLIPWAY_TRUSTED_PROXIES", "10.42.0.0/16,the-proxy"),
    ("api", "SLIPWAY_DOMAIN_WILDCARDS", "*.apps.example.org,apps.example.org"),
    ("api", "SLIPWAY_OTHER_DOMAINS", "perhaps"),
    ("scheduler", "SLIPWAY_SILENCE_SEC", 0),
    ("scheduler", "SLIPWAY_DEPLOYMENTS_PER_USER", "some"),
    ("api", "SLIPWAY_PUBLIC_SCHEME", "ftp"),
    ("executor", "SLIPWAY_CLUSTER", "North.East x"),
    ("executor", "SLIPWAY_SLOTS", "many"),
    ("executor", "SLIPWAY_SLOTS", 0),
    ("executor", "SLIPWAY_LEASE_SEC", 4.9),
    ("executor", "SLIPWAY_BEAT_SEC", "-1"),
    ("console", "SLIPWAY_BEHIND_PROXY", "yes"),
    ("console", "SLIPWAY_API_ADDRESS", "api"),
]
"""What the settings' types say: told to all, and to the service alone."""
WRONG_ALONE: list[tuple[str, Any]] = [
    ("bogus", 1),
    ("service.nodePort", 30080),
    ("service.type", ""),
    ("api.service.type", ""),
    ("api.autoscaling.enabled", "on"),
    ("api.autoscaling.minReplicas", 0),
    ("api.autoscaling.maxReplicas", 0),
    ("api.autoscaling.targetCPUUtilizationPercentage", "80%"),
    ("api.keda", {}),
    ("scheduler.autoscaling", {}),
    ("executor.env.DATABASE_URL", "postgresql://u@db/x"),
    ("executor.env.JWT_SECRET_KEY", "k" * 40),
    ("executor.keda.enabled", "on"),
    ("executor.keda.lagThreshold", 0),
    ("executor.keda.minReplicas", 0),
    ("executor.keda.maxReplicas", 0),
    ("executor.keda.account", ""),
    ("executor.keda.monitoringEndpoint", "http://nats:8222"),
    ("executor.keda.monitoringEndpoint", "nats:99999"),
    ("executor.keda.triggers", [{"metadata": {}}]),
    ("executor.cacheSize", "big"),
    ("executor.cacheSize", -5),
    ("console.service.type", "ExternalName"),
    ("console.keda", {}),
    ("migrations.enabled", "on"),
    ("migrations.env.DATABASE_URL", "sqlite:///x"),
    ("migrations.env.OTHER", "x"),
    ("migrations.existingSecret", "Upper_Case"),
    ("migrations.activeDeadlineSeconds", 0),
    ("admin.email", "nobody"),
    ("admin.password", "short"),
    ("rbac.create", "yes"),
    ("rbac.clusterAdmin", True),
    ("rbac.systemNamespace", "yes"),
    ("rbac.trustedClusterRole", "two words"),
    ("ingress.className", "a..b"),
    ("ingress.host", "Bad_Host"),
    ("ingress.host", "a..b"),
    ("ingress.tlsSecretName", "Upper_Case"),
    ("ingress.annotations.x", 1),
    ("trustedProxies", "10.42.0.0/16"),
    ("trustedProxies", ["the-proxy"]),
    ("trustedProxies", [":"]),
    ("trustedProxies", ["999.1.1.1"]),
    ("trustedProxies", ["10.0.0.0/99"]),
    ("metrics.serviceMonitor", {"enabled": True}),
    ("metrics.dashboards", "on"),
    ("metrics.rules", "on"),
    ("metrics.interval", "often"),
    ("metrics.labels", {"bad key!": "x"}),
    ("metrics.labels", {"release": "not a label"}),
    *((f"{server}.{key}", value) for server in ("nats", "postgresql") for key, value in (
        ("enabled", 1),
        ("replicas", 3),
        ("image", ""),
        ("image", "Not An Image"),
        ("image", "server:"),
        ("persistence.enabled", "on"),
        ("persistence.size", "10 GB"),
        ("persistence.size", -1),
        ("persistence.storageClassName", "Fast_Disk"),
        ("resources.limits.cpu", "much"),
        ("resources.request", {}),
    )),
    ("fullnameOverride", "Has Spaces"),
    ("fullnameOverride", "two.parts"),
]  # fmt: skip
AT_ODDS: list[tuple[dict[str, Any], str]] = [
    ({"rbac.systemNamespace": False, "rbac.trustedClusterRole": "cluster-admin"}, "'/rbac/trustedClusterRole'"),
    ({"api.autoscaling.enabled": True, "api.autoscaling.minReplicas": 20}, "api.autoscaling.minReplicas: 20"),
    ({"executor.keda.enabled": True, "nats.enabled": True, "executor.keda.minReplicas": 20}, "executor.keda.minReplicas: 20"),
    ({"executor.keda.enabled": True}, "executor.keda.monitoringEndpoint: "),
    *(({f"{name}.service.nodePort": 30080}, f"{name}.service.nodePort: ") for name in ("api", "scheduler", "executor")),
    ({"console.service.nodePort": 30080, "console.service.type": "ClusterIP"}, "console.service.nodePort: "),
]  # fmt: skip
"""Each right by itself, and not beside the other; with what Helm says of it."""
RIGHT: list[dict[str, Any]] = [
    {"image.repository": "registry.example.org:5000", "api.image.repository": "127.0.0.1:5000/team/my__api"},
    {"image.repository": "team", "executor.cacheSize": 0, "nats.persistence.size": 1073741824},
    {"env.SLIPWAY_SLOTS": 2, "env.SLIPWAY_BEAT_SEC": 2.5, "env.SLIPWAY_OTHER_DOMAINS": False},
    {"env.SLIPWAY_SLOTS": "2", "env.SLIPWAY_BEAT_SEC": "2.5", "env.SLIPWAY_OTHER_DOMAINS": "false"},
    {"env.SLIPWAY_SLOTS": "", "env.SLIPWAY_HTTP_PORT": "", "env.SLIPWAY_TRUSTED_PROXIES": "10.42.0.0/16, fd00::/8,"},
    {"env.SLIPWAY_DOMAIN_WILDCARDS": "*.a.example.org, *.b.example.org", "console.env.SLIPWAY_BEHIND_PROXY": True},
    {"console.env.SLIPWAY_BEHIND_PROXY": "true", "console.env.SLIPWAY_API_ADDRESS": "[fd00::1]:8080"},
    {"env.OF_NO_SERVICE": 0.25, "env.SLIPWAY_REGISTRIES": "http://registry:5000,charts.example.org"},
    {"ingress.host": "*.example.org", "ingress.className": "nginx", "metrics.labels": {"example.org/team": "a"}},
    {"executor.keda.enabled": True, "executor.keda.monitoringEndpoint": "nats.example.org:8222"},
    {"executor.keda.enabled": True, "executor.keda.triggers": [{"type": "prometheus"}]},
    {"api.service.type": "LoadBalancer", "api.service.nodePort": 30080, "console.service.nodePort": 30081},
]


@pytest.mark.parametrize(
    ("key", "value"),
    [*WRONG, *WRONG_ALONE, *((f"{at}env.{name}", value) for of, name, value in WRONG_SETTINGS for at in ("", f"{of}."))],
    ids=lambda each: str(each)[:40],
)  # fmt: skip
async def test_a_wrong_value_is_refused_by_its_place(key: str, value: Any):
    places = await refused({key: value})
    assert is_named(key, places), places


@pytest.mark.parametrize("component", COMPONENTS)
async def test_it_is_refused_for_each_component_too(component: str):
    """As many of them at once as can be given beside each other."""
    waiting = [(f"{component}.{key}", value) for key, value in [*WRONG, *WRONG_OF_A_COMPONENT]]
    while waiting:
        given: dict[str, Any] = {}
        for key, value in waiting:
            if not any(f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.") for other in given):
                given[key] = value
        places = await refused(given)
        assert not [(key, value) for key, value in given.items() if not is_named(key, places)]
        waiting = [(key, value) for key, value in waiting if (key, value) not in given.items()]


def test_each_value_is_tried():
    known = described()
    tried = [key for key, _ in [*WRONG, *WRONG_ALONE]] + [f"env.{name}" for _, name, _ in WRONG_SETTINGS]
    tried += [f"{component}.{key}" for component in COMPONENTS for key, _ in [*WRONG, *WRONG_OF_A_COMPONENT]]
    every = [path for path, _ in leaves(yaml.safe_load((PLATFORM / "values.yaml").read_text()), known)]
    assert [path for path in every if not any(f"{key}.".startswith(f"{path}.") for key in tried)] == []


@pytest.mark.parametrize(("values", "said"), AT_ODDS, ids=[each[1] for each in AT_ODDS])
async def test_what_does_not_go_together_is_refused_by_its_place(values: dict[str, Any], said: str):
    code, output = await helm("template", "slipway", str(PLATFORM), *settings(values))
    assert code != 0
    assert said in output


@pytest.mark.parametrize("values", RIGHT, ids=[next(iter(each)) for each in RIGHT])
async def test_what_is_right_is_taken(values: dict[str, Any]):
    code, output = await helm("template", "slipway", str(PLATFORM), *settings(values))
    assert code == 0, output


class OfEachKind(Settings, frozen=True, kw_only=True):
    text: str = ""
    maybe: str | None = None
    file: Annotated[str, msgspec.Meta(pattern=r"\A/.+\Z", max_length=9)] = ""
    beyond: Annotated[str, msgspec.Meta(pattern="^(?!x)")] = ""
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    amount: Annotated[int, msgspec.Meta(ge=0)] = 0
    ratio: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    scheme: Literal["http", "https"] = "http"
    sure: Literal["true", "false"] = "true"
    schemes: tuple[Literal["http", "https"], ...] = ()
    names: tuple[Annotated[str, msgspec.Meta(pattern="^[^,]+$")], ...] = ()
    either: tuple[Annotated[str, msgspec.Meta(pattern="^a$|^b$")], ...] = ()


def test_the_schema_of_a_setting_says_what_its_type_does_as_far_as_helm_can_tell():
    assert variables_schema(OfEachKind) == {
        "SLIPWAY_FILE": {"type": "string", "anyOf": [{"const": ""}, {"maxLength": 9, "pattern": "^/.+$"}]},
        "SLIPWAY_COUNT": {"type": ["integer", "string"], "minimum": 1, "maximum": 9, "pattern": "^(0*[1-9][0-9]*)?$"},
        "SLIPWAY_AMOUNT": {"type": ["integer", "string"], "minimum": 0, "pattern": "^([0-9]+)?$"},
        "SLIPWAY_RATIO": {
            "type": ["number", "string"], "exclusiveMinimum": 0,
            "pattern": r"^(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)?$",
        },
        "SLIPWAY_SCHEME": {"enum": ["", "http", "https"]},
        "SLIPWAY_SURE": {"enum": ["", "false", "true", False, True]},
        "SLIPWAY_SCHEMES": {"type": "string", "pattern": r"^(\s*(http|https)?\s*(,|$))*$"},
        "SLIPWAY_NAMES": {"type": "string", "pattern": r"^(\s*([^,]+)?\s*(,|$))*$"},
    }  # fmt: skip


NETWORKS = (
    "0.0.0.0/0", "10.42.0.0/16", "192.168.1.255", "255.255.255.255/32", "::", "::/0", "::1", "fd00::/8", "fe80::1/128",
    "2001:db8:0:1:2:3:4:5", "1:2:3:4:5:6:7::", "::ffff:10.0.0.0/128", "FD00:1::2",
)  # fmt: skip


async def test_every_network_that_the_api_takes_is_taken():
    for each in NETWORKS:
        assert ip_network(each)
        assert Network(each) == each
    code, output = await helm("template", "slipway", str(PLATFORM), *settings({"trustedProxies": list(NETWORKS)}))
    assert code == 0, output


async def refused(values: dict[str, Any]) -> list[str]:
    """Return the places that Helm names as it refuses the values, by their dotted path."""
    code, output = await helm("template", "slipway", str(PLATFORM), *settings(values))
    assert code != 0, f"{values!r} was taken"
    assert "values don't meet the specifications of the schema" in output
    places = list[str]()
    for place, unknown in re.findall(r"at '/?([^']*)': (?:additional properties (.*) not allowed)?", output):
        places += [place, *(f"{place}/{name}".lstrip("/") for name in re.findall(r"'([^']*)'", unknown))]
    return [place.replace("/", ".") for place in places]


def is_named(key: str, places: list[str]) -> bool:
    """Tell whether a value, or a part of it, is among the places."""
    return any(f"{place}.".startswith(f"{key}.") for place in places)

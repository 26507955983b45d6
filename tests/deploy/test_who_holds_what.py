"""Which component is told which secret, may reach whom, and may do what in the cluster."""

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from slipway.dev import deploy_files
from slipway.messaging.permissions import permissions
from slipway.settings import load, variables
from slipway_api.settings import ApiSettings, PrepareSettings
from tests.deploy.helming import (
    COMPONENTS,
    PLATFORM,
    container,
    environment,
    helm,
    installed_in,
    named,
    rendered,
    settings,
)

OWNER = "postgresql://owner:secret@db.example.org:6432/slipway?sslmode=require"
GIVEN = {"migrations.env.DATABASE_URL": OWNER, "env.NATS_URL": "nats://all:p@nats.example.org:4333"}
HEADERS = dict.fromkeys(("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"), "authorization=Bearer x")
TRIAL = {"nats.enabled": True, "postgresql.enabled": True}


def test_what_the_files_under_deploy_repeat_of_the_code_is_up_to_date():
    for path, content in deploy_files.files().items():
        assert path.read_bytes() == content, f"run `python -m slipway.dev.deploy_files`: {path.name} is old"


@pytest.mark.parametrize("values", [{}, GIVEN, TRIAL, {"env.DATABASE_URL": "postgresql://one@db/x"}])
async def test_an_executor_is_told_of_no_database_and_no_signing_key(values: dict[str, Any]):
    objects = await rendered(values)
    assert not {"DATABASE_URL", "JWT_SECRET_KEY"} & set(environment(objects, "executor"))
    assert "JWT_SECRET_KEY" not in environment(objects, "scheduler")
    assert not {"DATABASE_URL", "JWT_SECRET_KEY", "NATS_URL"} & set(environment(objects, "console"))


@pytest.mark.parametrize("component", ["api", "scheduler", "executor"])
async def test_each_service_is_told_all_that_it_needs(component: str):
    from slipway.settings import load

    environ = environment(await rendered(GIVEN), component)
    loaded = load(deploy_files.SETTINGS[component], environ)
    assert (environ["SLIPWAY_HTTP_HOST"], environ["SLIPWAY_HTTP_PORT"]) == ("0.0.0.0", "8080")
    assert getattr(loaded, "nats_url") == GIVEN["env.NATS_URL"]  # noqa: B009 - each of the three has it


async def test_a_setting_goes_only_to_the_services_that_have_it():
    """Whatever it is set to: a login of the migrations' Job would else be told to everybody."""
    known = {kind: set(variables(each)) for kind, each in deploy_files.COMPONENTS.items()}
    every = sorted({*set().union(*known.values()), *variables(PrepareSettings)})
    values = {f"env.{name}": f"x{len(name):031}" for name in every} | {"env.HTTPS_PROXY": "http://proxy"}
    code, output = await helm("template", "slipway", str(PLATFORM), "--skip-schema-validation", *settings(values))
    assert code == 0, output
    objects = [item for item in yaml.safe_load_all(output) if item]
    for component in COMPONENTS:
        environ = environment(objects, component)
        told = {name for name in every if environ.get(name, "").startswith("x0")}
        assert told == known[component]
        assert environ["HTTPS_PROXY"] == "http://proxy", "what no service knows by name is for all"


@pytest.mark.parametrize("number", [10_485_760, 1_000_000, 0, -5], ids=str)
async def test_a_number_is_told_as_it_was_written(number: int):
    objects = await rendered({"env.LARGE": number, "env.FLAG": True, "api.env": {"OWN": number, "SHARE": 0.25}})
    environ = environment(objects, "api")
    assert (environ["LARGE"], environ["FLAG"]) == (str(number), "true")
    assert (environ["OWN"], environ["SHARE"]) == (str(number), "0.25")


async def test_secrets_stand_apart_from_settings():
    objects = await rendered(
        {**GIVEN, "api.env": {"SLIPWAY_X_SECRET": "s", "SLIPWAY_X_TOKEN": "t", **HEADERS, "PLAIN": "p"}}
    )
    plain = named(objects, "ConfigMap", "slipway-api")["data"]
    secret = named(objects, "Secret", "slipway-api")["data"]
    assert {"PLAIN", "SLIPWAY_HTTP_PORT"} <= set(plain)
    told = {"DATABASE_URL", "NATS_URL", "JWT_SECRET_KEY", "SLIPWAY_X_SECRET", "SLIPWAY_X_TOKEN", *HEADERS}
    assert told <= set(secret)
    assert not set(plain) & set(secret)


async def test_api_and_scheduler_have_logins_of_their_own_on_the_owners_database():
    objects = await rendered(GIVEN)
    [hook] = [item for item in objects if item["kind"] == "Secret" and item["metadata"]["name"] == "slipway-migrations"]
    assert hook["stringData"]["DATABASE_URL"] == OWNER
    for service in ("api", "scheduler"):
        url = environment(objects, service)["DATABASE_URL"]
        parts = urlsplit(url)
        assert (parts.username, len(parts.password or "")) == (f"slipway_{service}_login", 40)
        assert url.replace(parts.netloc.rpartition("@")[0], "owner:secret") == OWNER
        assert hook["stringData"][f"SLIPWAY_{service.upper()}_DATABASE_URL"] == url
    assert "owner:secret" not in str([environment(objects, each) for each in COMPONENTS])


@pytest.mark.parametrize(
    ("database", "login"),
    [("slipway", "slipway_api_login"), ("staging-2", "staging-2_api_login"), ("", "slipway_api_login"), ("a%20b", "a_b_api_login"),
     ("d" * 63, f"{'d' * 46}_api_login")],
)  # fmt: skip
async def test_a_login_is_named_after_the_database_as_other_releases_may_share_the_server(database: str, login: str):
    objects = await rendered({**GIVEN, "migrations.env.DATABASE_URL": f"postgresql://o:p@db/{database}"})
    assert urlsplit(environment(objects, "api")["DATABASE_URL"]).username == login


async def test_the_shared_secret_of_an_operator_reaches_only_whom_its_passwords_are_for():
    def read_by(objects: list[dict[str, Any]], secret: str) -> set[str]:
        return {
            item["metadata"]["name"]
            for item in objects
            if item["kind"] in ("Deployment", "Job")
            and {"secretRef": {"name": secret}} in container(item).get("envFrom", [])
        }

    objects = await rendered({"existingSecret": "mine", "executor.existingSecret": "theirs"})
    assert read_by(objects, "mine") == {"slipway-api", "slipway-scheduler", "slipway-migrations"}
    assert read_by(objects, "theirs") == {"slipway-executor"}
    own = await rendered({"existingSecret": "mine", "api.existingSecret": "api", "migrations.existingSecret": "owner"})
    assert read_by(own, "mine") == {"slipway-scheduler"}
    owned = await rendered({"existingSecret": "mine", **GIVEN})
    assert read_by(owned, "mine") == {"slipway-api", "slipway-scheduler"}, "the Job uses the owner's login"


async def test_one_database_url_for_all_is_handed_on_as_it_is():
    objects = await rendered(
        {"env.DATABASE_URL": "postgresql://one:p@db/x", "scheduler.env.DATABASE_URL": "postgresql://two@db/x"}
    )
    assert environment(objects, "api")["DATABASE_URL"] == "postgresql://one:p@db/x"
    assert environment(objects, "scheduler")["DATABASE_URL"] == "postgresql://two@db/x"
    hook = named(objects, "Secret", "slipway-migrations")["stringData"]
    assert hook["DATABASE_URL"] == "postgresql://one:p@db/x"
    assert "SLIPWAY_API_DATABASE_URL" not in hook


async def test_the_trial_nats_has_a_user_for_each_service_with_its_rights_only(tmp_path: Path):
    objects = await rendered({**TRIAL, "executor.env.SLIPWAY_CLUSTER": "north"})
    config = yaml.safe_load(base64.b64decode(named(objects, "Secret", "slipway-nats")["data"]["slipway.conf"]))
    file = tmp_path / "slipway.conf"
    file.write_text(json.dumps(config))
    server = Path(sys.executable).parent / "nats-server"
    read = await asyncio.create_subprocess_exec(server, "-t", "-c", file, stderr=asyncio.subprocess.PIPE)
    _, said = await read.communicate()
    assert read.returncode == 0, said
    users = {each["user"]: each for each in config["authorization"]["users"]}
    wanted = permissions(["north"])
    assert set(users) == set(wanted)
    for name, rights in wanted.items():
        assert users[name]["permissions"]["publish"]["allow"] == list(rights.publish)
        assert users[name]["permissions"]["subscribe"]["allow"] == list(rights.subscribe)
    for component, user in (("api", "api"), ("scheduler", "scheduler"), ("executor", "executor-north")):
        url = environment(objects, component)["NATS_URL"]
        assert url == f"nats://{user}:{users[user]['password']}@slipway-nats:4222"


def ports(policy: dict[str, Any]) -> set[int]:
    """Return the TCP ports that a policy lets out, DNS aside."""
    found = {port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"] if port["protocol"] == "TCP"}
    return found - {53}


async def test_each_component_reaches_only_what_it_holds():
    told = {**GIVEN, "executor.env.SLIPWAY_REGISTRIES": "http://registry.example.org:5000,ghcr.example.org"}
    objects = await rendered(
        {**told, "api.env.SLIPWAY_X_URL": "https://x.example.org", "api.networkPolicy.egressPorts": [9]}
    )
    policies = {item["metadata"]["name"]: item for item in objects if item["kind"] == "NetworkPolicy"}
    assert ports(policies["slipway-api"]) == {6432, 4333, 443, 9}
    assert ports(policies["slipway-scheduler"]) == {6432, 4333}
    assert ports(policies["slipway-executor"]) == {4333, 443, 6443, 5000}
    assert ports(policies["slipway-console"]) == {8080}
    [to] = policies["slipway-console"]["spec"]["egress"][1]["to"]
    assert to == {"podSelector": {"matchLabels": {"app": "slipway-api"}}}
    for name, policy in policies.items():
        assert policy["spec"]["podSelector"] == {"matchLabels": {"app": name}}
        assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        assert [rule["ports"] for rule in policy["spec"]["ingress"]] == [[{"protocol": "TCP", "port": 8080}]]


@pytest.mark.parametrize(
    ("told", "reached"),
    [
        ({}, {5432, 4222}),
        ({"SLIPWAY_ASSISTANT_MODEL": "a-model"}, {5432, 4222, 443}),
        (
            {"SLIPWAY_ASSISTANT_MODEL": "a-model", "SLIPWAY_ASSISTANT_BASE_URL": "http://model:11434/v1"},
            {5432, 4222, 11434},
        ),
    ],
    ids=["no-assistant", "openai", "own-endpoint"],
)
async def test_the_api_reaches_the_model_that_it_is_told(told: dict[str, str], reached: set[int]):
    objects = await rendered({"existingSecret": "mine", "env": told})
    assert ports(named(objects, "NetworkPolicy", "slipway-api")) == reached
    assert ports(named(objects, "NetworkPolicy", "slipway-scheduler")) == {5432, 4222}


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, ""),
        ({"ingress.host": "s.example.org"}, ""),
        ({"ingress.className": "nginx", "ingress.host": "s.example.org"}, "http://s.example.org"),
        ({"ingress.className": "nginx", "ingress.host": "s.example.org", "ingress.tlsSecretName": "tls"}, "https://s.example.org"),
        ({"ingress.className": "nginx", "ingress.host": "*.example.org"}, ""),
        ({"ingress.className": "nginx", "ingress.host": "s.example.org", "env.FRONTEND_URL": "https://own"}, "https://own"),
    ],
    ids=["none", "no-class", "plain", "tls", "wildcard", "own"],
)  # fmt: skip
async def test_the_api_knows_where_the_ingress_answers(values: dict[str, Any], url: str):
    assert environment(await rendered(values), "api")["FRONTEND_URL"] == url


async def test_the_api_trusts_the_proxies_that_the_operator_names_and_else_nobody():
    assert environment(await rendered(), "api")["SLIPWAY_TRUSTED_PROXIES"] == ""
    environ = environment(await rendered({"trustedProxies": ["fd00::/8", "10.42.0.0/16"]}), "api")
    assert load(ApiSettings, {**environ, "DATABASE_URL": "postgresql://x"}).trusted_proxies == (
        "10.42.0.0/16",
        "fd00::/8",
    )


@pytest.mark.parametrize("shared", [True, False], ids=["on", "off"])
async def test_a_component_has_a_policy_or_none_of_its_own(shared: bool):
    objects = await rendered({"networkPolicy.enabled": shared, "console.networkPolicy.enabled": not shared, **TRIAL})
    found = {item["metadata"]["name"] for item in objects if item["kind"] == "NetworkPolicy"}
    others = {f"slipway-{each}" for each in ("api", "scheduler", "executor", "nats", "postgresql")}
    assert found == (others if shared else {"slipway-console"})


async def test_unknown_addresses_leave_the_usual_ports_open():
    objects = await rendered({"existingSecret": "mine"})
    assert ports(named(objects, "NetworkPolicy", "slipway-api")) == {5432, 4222}
    assert ports(named(objects, "NetworkPolicy", "slipway-executor")) == {4222, 443, 6443}


async def test_the_trial_servers_let_in_nobody_but_their_clients():
    objects = await rendered(TRIAL)
    for server, port, clients in (
        ("postgresql", 5432, {"api", "scheduler", "migrations"}), ("nats", 4222, {"api", "scheduler", "executor"}),
    ):  # fmt: skip
        rule = named(objects, "NetworkPolicy", f"slipway-{server}")["spec"]["ingress"][0]
        assert rule["ports"] == [{"protocol": "TCP", "port": port}]
        assert {each["podSelector"]["matchLabels"]["app"] for each in rule["from"]} == {
            f"slipway-{each}" for each in clients
        }


async def test_the_executor_alone_has_rights_in_the_cluster_and_just_the_written_ones():
    objects = await rendered()
    for kind, file in (("ClusterRole", "executor-rules.yaml"), ("Role", "executor-system-rules.yaml")):
        [role] = [item for item in objects if item["kind"] == kind]
        assert role["rules"] == yaml.safe_load((PLATFORM / "files" / file).read_text())
        [binding] = [item for item in objects if item["kind"] == f"{kind}Binding"]
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": "slipway-executor", "namespace": "slipway-system"}
        ]


async def test_trusted_charts_have_no_rights_unless_the_operator_says_which():
    [account] = [item for item in await rendered() if item["metadata"]["name"] == "slipway-trusted"]
    assert account["kind"] == "ServiceAccount"
    objects = await rendered({"rbac.trustedClusterRole": "cluster-admin"})
    [binding] = [item for item in objects if item["metadata"]["name"] == "slipway:trusted"]
    assert binding["roleRef"]["name"] == "cluster-admin"
    assert [each["name"] for each in binding["subjects"]] == ["slipway-trusted"]


async def test_a_further_release_makes_nothing_that_the_first_has_made():
    first, second = await rendered(), await installed_in("platform", {"rbac.systemNamespace": False})

    def beside_it(objects: list[dict[str, Any]]) -> set[tuple[str, str]]:
        kinds = ("ClusterRole", "ClusterRoleBinding", "Namespace")
        return {
            (item["kind"], item["metadata"]["name"])
            for item in objects
            if item["kind"] in kinds or "namespace" in item["metadata"]
        }

    assert len(beside_it(second)) == 4
    assert not beside_it(first) & beside_it(second)


async def test_without_rbac_nothing_lies_outside_of_the_releases_namespace():
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "Namespace"}
    objects = await rendered({**TRIAL, "rbac.create": False})
    assert not cluster_wide & {item["kind"] for item in objects}
    assert {item["metadata"].get("namespace", "slipway-system") for item in objects} == {"slipway-system"}


async def test_another_namespace_gets_the_system_namespace_beside_it():
    objects = await installed_in("platform", {})
    made = named(objects, "Namespace", "slipway-system")
    assert made["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert [item["metadata"]["namespace"] for item in objects if item["kind"] == "Role"] == ["slipway-system"]


@pytest.mark.parametrize(("values", "when"), [({}, "pre-install,pre-upgrade"), (TRIAL, "post-install,pre-upgrade")])
async def test_migrations_run_before_the_services_where_the_database_is_there_before_them(
    values: dict[str, Any], when: str
):
    job = named(await rendered(values), "Job", "slipway-migrations")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == when
    [only] = job["spec"]["template"]["spec"]["containers"]
    assert only["command"] == ["python", "-m", "slipway_api.prepare"]
    assert only["image"] == "slipway/api:latest"


async def test_helm_test_asks_whether_every_service_has_what_it_needs():
    job = named(await rendered({"console.service.port": 80}), "Job", "slipway-test")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "test"
    [only] = job["spec"]["template"]["spec"]["containers"]
    assert only["command"] == [
        "python", "-m", "slipway.alive", "http://slipway-api:8080/health/ready",
        "http://slipway-scheduler:8080/health/ready", "http://slipway-executor:8080/health/ready",
        "http://slipway-console:80/health",
    ]  # fmt: skip


async def test_names_stay_short_enough_for_the_longest_release():
    code, output = await helm("template", "r" * 53, str(PLATFORM), *settings(TRIAL))
    assert code == 0, output
    for item in yaml.safe_load_all(output):
        if item and item["apiVersion"] != "rbac.authorization.k8s.io/v1":  # roles' names may be longer
            assert len(item["metadata"]["name"]) <= 52, item["metadata"]["name"]

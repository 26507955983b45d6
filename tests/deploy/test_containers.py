"""Dockerfile, docker-compose.yml and .env.example, read against the services' settings and the chart: no name that nobody knows."""

import importlib.util
import re
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.dev import build, deploy_files
from slipway.messaging.permissions import permissions
from slipway.settings import load, variables
from slipway_api.settings import PrepareSettings
from tests.deploy.helming import PLATFORM, ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("prepare", "api", "scheduler", "executor", "console")
SETTINGS = {**deploy_files.SETTINGS, "prepare": PrepareSettings}
ASKED = re.compile(r"\$\{([A-Z_]+)(?::\?[^}]*)?\}")
DOCKERFILE = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
CONSOLE = set(variables(deploy_files.COMPONENTS["console"]))
"""What deploy/console/start.sh reads."""


def stages() -> dict[str, list[str]]:
    """Return the instructions of each stage of the Dockerfile."""
    found: dict[str, list[str]] = {}
    for line in DOCKERFILE.splitlines():
        if match := re.match(r"FROM (\S+) AS (\S+)", line):
            found[match[2]] = [*found.get(match[1], [])]  # what a stage is built from, it has
            current = match[2]
        elif found and line.strip() and not line.startswith("#"):
            found[current].append(line.strip())  # pyright: ignore[reportPossiblyUnboundVariable] - set with `found`
    return found


def filled(text: str) -> str:
    return ASKED.sub(
        lambda asked: "me@example.org" if "EMAIL" in asked[1] else "filled-in-value-of-thirty-two-letters", text
    )


def test_every_variable_that_compose_asks_for_is_in_the_example_and_no_other():
    asked = set(ASKED.findall((ROOT / "docker-compose.yml").read_text()))
    example = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert {name for name, _ in example} == asked
    assert not [name for name, value in example if value], "an example password would be used"


@pytest.mark.parametrize("name", ["prepare", "api", "scheduler", "executor"])
def test_compose_tells_each_service_only_settings_that_it_has_and_all_that_it_needs(name: str):
    environ = {key: filled(value) for key, value in SERVICES[name]["environment"].items()}
    assert set(environ) <= set(variables(SETTINGS[name]))
    load(SETTINGS[name], environ)


def test_compose_logs_in_with_the_users_that_nats_has():
    names = set(permissions([deploy_files.CLUSTER]))
    for service, user in (("api", "api"), ("scheduler", "scheduler"), ("executor", "executor-local")):
        assert user in names
        assert re.match(
            rf"nats://{user}:\$\{{NATS_{service.upper()}_PASSWORD\}}@nats:4222$",
            SERVICES[service]["environment"]["NATS_URL"],
        )
    read = set(re.findall(r"password: \$(NATS_[A-Z]+_PASSWORD)", (ROOT / "deploy/compose/nats.conf").read_text()))
    assert read == set(SERVICES["nats"]["environment"])


def test_console_and_api_know_each_other_by_addresses_that_nobody_else_gets():
    """The console looks the API's name up once: an API that is made anew must come back where it was."""
    [network] = COMPOSE["networks"]["default"]["ipam"]["config"]
    addresses = {name: SERVICES[name]["networks"]["default"]["ipv4_address"] for name in ("console", "api")}
    assert len(set(addresses.values())) == 2
    assert SERVICES["api"]["environment"]["SLIPWAY_TRUSTED_PROXIES"] == addresses["console"]
    for address in addresses.values():
        assert ip_address(address) in ip_network(network["subnet"])
        assert ip_address(address) not in ip_network(network["ip_range"])


def test_the_console_believes_nobody_who_asks_unless_it_is_told():
    assert SERVICES["console"]["environment"]["SLIPWAY_BEHIND_PROXY"] == "false"
    assert "SLIPWAY_BEHIND_PROXY=false" in str(stages()["console"])


def test_compose_starts_in_an_order_in_which_everything_is_there():
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other] or "HEALTHCHECK" in str(stages()[other]), (
                    f"{name} waits for {other}"
                )
    assert SERVICES["api"]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
    assert SERVICES["scheduler"]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
    assert SERVICES["executor"]["deploy"]["replicas"] == 2


def test_containers_may_write_nothing_and_gain_no_rights():
    for name in OURS:
        service = SERVICES[name]
        assert (service["read_only"], service["tmpfs"]) == (True, ["/tmp"])
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_containers_listen_on_loopback_of_the_host_only():
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_what_compose_builds_and_mounts_is_there():
    for name in OURS:
        made = SERVICES[name]["build"]
        assert made["target"] in stages()
        assert made["args"] == {"SERVICE": made["target"]}
    assert "ARG SERVICE" in stages()["installed"], "what a build is told, a stage takes"
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or source.startswith("${") or (ROOT / source).is_file(), source


@pytest.mark.parametrize("component", ["api", "scheduler", "executor", "console"])
def test_containers_are_given_the_chart_s_time_to_stop(component: str):
    values = yaml.safe_load((PLATFORM / "values.yaml").read_text())
    assert SERVICES[component]["stop_grace_period"] == f"{values[component]['terminationGracePeriodSeconds']}s"


@pytest.mark.parametrize("service", ["api", "scheduler", "executor", "console"])
def test_an_image_runs_as_nobody_and_knows_its_health(service: str):
    instructions = stages()[service]
    assert "USER 10001:10001" in instructions
    assert "EXPOSE 8080" in instructions
    assert ("STOPSIGNAL SIGQUIT" in instructions) == (service == "console"), "nginx ends its requests at another signal"
    [check] = [each for each in instructions if each.startswith("HEALTHCHECK")]
    assert ("slipway.alive" in check) == (service != "console")
    known = CONSOLE if service == "console" else set(variables(deploy_files.SETTINGS[service]))
    told = set(re.findall(r"\b(SLIPWAY_[A-Z_]+)=", "\n".join(each for each in instructions if each.startswith("ENV"))))
    assert told <= known
    assert "SLIPWAY_HTTP_PORT" in told


def test_an_image_installs_only_its_own_locked_extra():
    [install] = [
        each for each in stages()["installed"] if "requirements/${SERVICE}.txt" in each and each.startswith("RUN")
    ]
    assert install.count("--require-hashes") == 2
    for service in deploy_files.SETTINGS:
        lock = (ROOT / "requirements" / f"{service}.txt").read_text()
        assert ("sqlalchemy" in lock) == (service != "executor")
        assert importlib.util.find_spec(f"slipway_{service}.__main__"), "what `serve` runs"


def test_an_image_installs_the_versions_that_the_tests_run_with():
    def locked(name: str) -> set[tuple[str, str]]:
        return set(re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE))

    for service in deploy_files.SETTINGS:
        assert locked(service)
        assert not locked(service) - locked("dev"), "make lock"


def test_the_executors_helm_is_the_one_that_everything_is_tried_with():
    assert f"ARG HELM_VERSION={build.HELM}" in stages()["helm"]
    made = [each for each in stages()["helm"] if "go build" in each]
    for name, (package, linked) in {"helm": build.TARGETS["helm"], **build.ENGINE_TARGETS}.items():
        [one] = [each for each in made if each.rstrip().endswith(f"-o /out/{name} {package}")]
        assert linked.partition("=")[0] in one
    executor = "\n".join(stages()["executor"])
    assert "SLIPWAY_HELM=/usr/local/bin/helm " in executor
    assert "SLIPWAY_HELM_ENGINE=/usr/local/bin/helm-engine" in executor


def test_the_dockerfile_copies_only_what_is_sent_to_the_builder():
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in DOCKERFILE.splitlines():
        if line.startswith("COPY") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert any(source.strip("/").startswith(each) for each in allowed), source


def test_the_console_reads_just_what_it_is_told():
    script = (ROOT / "deploy/console/start.sh").read_text()
    assert set(re.findall(r"\$(SLIPWAY_[A-Z_]+)", script)) == CONSOLE
    assert set(SERVICES["console"]["environment"]) <= CONSOLE
    filled_in = set(re.findall(r"@[A-Z]+@", (ROOT / "deploy/console/nginx.conf").read_text().split("pid /tmp")[1]))
    assert filled_in == set(re.findall(r"s/(@[A-Z]+@)/", script))


def test_nats_takes_the_configuration():
    server = Path(sys.executable).parent / "nats-server"
    passwords = dict.fromkeys(SERVICES["nats"]["environment"], "p12345678901234567890")
    config = ROOT / "deploy" / "compose" / "nats.conf"
    read = subprocess.run([server, "-t", "-c", config], env=passwords, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    without = subprocess.run([server, "-t", "-c", config], env={}, capture_output=True, text=True, check=False)
    assert without.returncode != 0, "a password that is not set is no empty password"

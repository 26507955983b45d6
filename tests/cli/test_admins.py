"""What the platform team does at the terminal, and secret values, which are never on a command line."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from slipway.cli.exits import Stop
from slipway.cli.people import amount_of
from slipway.dev.stack import Stack
from slipway.identity import new_id
from tests.cli.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]

SCHEMA = {
    "type": "object",
    "properties": {
        "user": {
            "type": "object",
            "properties": {"replicas": {"type": "integer"}, "greeting": {"type": "string", "writeOnly": True}},
        }
    },
}
SECRET = {"secret_fields": {"/greeting": {"resolve": "/user/greeting"}}, "system_values_paths": {}}


def fresh(what: str) -> str:
    return f"{what}-{new_id().hex[-10:]}"


def publish(
    terminal: Terminal, stack: Stack, product: str, label: str, tmp_path: Path, *, secret: bool = False
) -> None:
    files = {"schema": SCHEMA, "capabilities": SECRET if secret else {"system_values_paths": {}}}
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    schema = ["--schema", str(tmp_path / "schema")] if secret else []
    terminal.done(
        "admin", "import-chart", product, f"oci://{stack.registry.host}/charts/hello", "--version", "1.0.0",
        "--label", label, "--capabilities", str(tmp_path / "capabilities"), *schema,
    )  # fmt: skip


def test_a_rollout_takes_every_deployment_to_the_new_version(terminal: Terminal, stack: Stack, tmp_path: Path):
    product = fresh("rolled")
    publish(terminal, stack, product, "one", tmp_path)
    domains = [f"{fresh('rolled')}.example.org" for _ in range(2)]
    for domain in domains:
        terminal.done("deploy", product, domain, "--wait")
    publish(terminal, stack, product, "two", tmp_path)
    screen = terminal.done("admin", "rollout", product, "--batch", "1", "--wait")
    assert "2 of 2" in screen
    assert re.search(r"status +succeeded", screen)
    assert {terminal.json("show", each)["template"]["version_label"] for each in domains} == {"two"}
    shown = terminal.done(
        "admin", "change-product", product, "--title", "Rolled back", "--icon", "R", "--current", "one"
    )
    assert re.search(r"title +Rolled back", shown)
    assert re.search(r"icon +R\b", shown)
    assert re.search(r"version +one", shown)
    [rollout] = terminal.json("admin", "rollouts", product)
    assert rollout["progress"]["succeeded"] == 2
    assert re.search(r"status +succeeded", terminal.done("admin", "stop-rollout", rollout["id"]))
    assert "nothing to upgrade" in terminal.done("admin", "rollout", product, "--to", "two", "--wait")

    refused = terminal.pipe("admin", "delete-product", product, "--yes")
    assert refused.returncode == 5, refused
    assert "is withdrawn" in terminal.done("admin", "withdraw", product, "one", "--yes")
    asking = terminal.type("admin", "delete-product", product, "--cascade")
    asking.expect("Type its name to go on: ")
    asking.sendline(product)
    assert terminal.end(asking)[0] == 0
    assert product not in terminal.done("products")


def test_a_secret_is_typed_unseen_or_read_and_never_shown(terminal: Terminal, stack: Stack, tmp_path: Path):
    product, domain = fresh("secretive"), f"{fresh('secretive')}.example.org"
    publish(terminal, stack, product, "1", tmp_path, secret=True)
    terminal.done("deploy", product, domain, "--wait")
    assert terminal.json("secret", "list", domain) == [{"field": "greeting", "is_set": False}]
    typing = terminal.type("secret", "set", domain, "greeting", "--wait")
    typing.expect("greeting of .*: ")
    typing.sendline("typed-unseen")
    code, screen = terminal.end(typing)
    assert (code, "typed-unseen" in screen) == (0, False), screen
    assert terminal.json("secret", "list", domain) == [{"field": "greeting", "is_set": True}]
    given = terminal.pipe("secret", "set", domain, "greeting", "--stdin", "--wait", given="from-a-pipe\n")
    assert (given.returncode, "from-a-pipe" in given.stdout + given.stderr) == (0, False), given
    (tmp_path / "value").write_text("from-a-file\n")
    terminal.done("secret", "set", domain, "greeting", "--file", str(tmp_path / "value"), "--wait")
    assert "from-a-file" not in json.dumps(terminal.json("show", domain))
    wrong = terminal.pipe("secret", "set", domain, "nothing", "--stdin", given="x")
    assert (wrong.returncode, "there are: greeting" in wrong.stderr) == (4, True), wrong
    assert terminal.pipe("secret", "set", domain, "greeting").returncode == 2, "nobody can type here"
    terminal.done("secret", "remove", domain, "greeting", "--wait")
    assert terminal.json("secret", "list", domain) == [{"field": "greeting", "is_set": False}]
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_a_release_made_by_hand_is_adopted(terminal: Terminal, stack: Stack, tmp_path: Path):
    product, namespace = fresh("adopted"), fresh("legacy")
    publish(terminal, stack, product, "1", tmp_path)
    chart = f"oci://{stack.registry.host}/charts/hello"
    script = (
        f"source {stack.state}/env; PATH={stack.state}/bin:$PATH;"
        f" helm install {namespace} {chart} --version 1.0.0 --plain-http -n {namespace} --create-namespace"
    )
    subprocess.run(
        ["bash", "-ec", script], check=True, capture_output=True, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    )
    domain = f"{fresh('adopted')}.example.org"
    assert re.search(r"status +ready", terminal.done("admin", "adopt", product, domain, "-n", namespace, "--wait"))
    assert terminal.json("show", domain)["namespace_name"] == namespace
    assert terminal.pipe("delete", domain, "--yes").returncode == 0
    missing = terminal.pipe("admin", "adopt", product, domain, "-n", "kube-system")
    assert (missing.returncode, "namespace_name: is a namespace of the system" in missing.stderr) == (2, True), missing


def test_users_and_quotas_are_changed(terminal: Terminal):
    email = f"{fresh('u')}@example.org"
    assert terminal.pipe("admin", "create-user", email, "--no-password").returncode == 0
    changed = terminal.done("admin", "change-user", email, "--name", "Somebody", "--admin")
    assert re.search(r"rights +admin", changed)
    assert re.search(r"rights +user", terminal.done("admin", "change-user", email, "--no-admin"))
    terminal.done("admin", "quota", email, "--deployments", "3", "--memory", "2Gi")
    shown = terminal.json("admin", "quota", email, "--cpu", "1500m")
    assert shown["own"] == {"deployments": 3, "cpu_milli": 1500, "memory_mib": 2048, "storage_gib": None}
    assert re.search(r"deployments +3 +0 +for this user", terminal.done("admin", "quota", email))
    assert terminal.json("admin", "quota", email, "--deployments", "default")["own"]["deployments"] is None
    asking = terminal.type("admin", "delete-user", email)
    asking.expect("Type its name to go on: ")
    asking.sendline(email)
    assert terminal.end(asking)[0] == 0
    assert email not in terminal.done("admin", "users")


def test_one_reconcile_is_run_and_a_job_is_failed_and_queued_again(terminal: Terminal, stack: Stack, tmp_path: Path):
    product, domain = fresh("jobs"), f"{fresh('jobs')}.example.org"
    publish(terminal, stack, product, "1", tmp_path)
    terminal.done("deploy", product, domain, "--wait")
    assert re.search(r"status +ready", terminal.done("admin", "reconcile", domain, "--wait"))
    asked = ("admin", "list-reconcile-jobs", "--deployment", domain)
    newest = terminal.json(*asked)[0]
    assert (newest["reason"], newest["status"]) == ("manual", "succeeded")
    terminal.done("suspend", domain)
    terminal.done("restart", domain)
    held = terminal.json(*asked)[0]
    assert held["status"] == "queued"
    assert re.search(r"status +failed", terminal.done("admin", "fail-job", held["id"]))
    assert re.search(r"status +error", terminal.done("show", domain))
    assert re.search(r"status +queued", terminal.done("admin", "requeue-job", held["id"]))
    assert terminal.json(*asked)[0]["id"] == held["id"]
    terminal.done("resume", domain)
    assert re.search(r"status +ready", terminal.done("reconcile", domain, "--wait"))
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_credentials_of_a_registry_are_stored_and_removed(terminal: Terminal, stack: Stack):
    host = stack.registry.host
    typing = terminal.type("admin", "add-registry", host, "--user", "puller")
    typing.expect("Password of puller: ")
    typing.sendline("a-registry-password")
    code, screen = terminal.end(typing)
    assert (code, "a-registry-password" in screen) == (0, False), screen
    assert re.search(rf"{host} +puller +local", terminal.done("admin", "registries"))
    terminal.done("admin", "remove-registry", host)
    assert terminal.json("admin", "registries") == []


def test_a_cluster_is_made_known_and_given_up(terminal: Terminal):
    name = fresh("c")
    assert re.search(r"healthy +no", terminal.done("admin", "add-cluster", name))
    assert terminal.pipe("admin", "forget-cluster", "local", "--yes").returncode == 5, "its executors are there"
    terminal.done("admin", "forget-cluster", name, "--yes")
    assert name not in [each["name"] for each in terminal.json("admin", "clusters")]


@pytest.mark.parametrize(
    ("field", "text", "amount"),
    [("cpu_milli", "8", 8000), ("cpu_milli", "250m", 250), ("memory_mib", "512", 512), ("memory_mib", "512Mi", 512),
     ("memory_mib", "2Gi", 2048), ("storage_gib", "7", 7), ("deployments", "4", 4), ("deployments", "default", None)],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(field: str, text: str, amount: int | None):
    assert amount_of(field, text) == amount


@pytest.mark.parametrize(
    "text", ["", "m", "-1", "1.5", "8 cores", "²"], ids=["empty", "unit", "negative", "half", "word", "digit"]
)
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(Stop, match="is no amount"):
        amount_of("cpu_milli", text)

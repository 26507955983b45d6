"""A deployment's life at the terminal, on the real system."""

import re

import pytest

from slipway.dev.kubelet import print_line
from slipway.dev.stack import Stack
from slipway.identity import new_id
from tests.cli.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]


def fresh_domain() -> str:
    return f"cli-{new_id().hex[-10:]}.example.org"


def test_a_newcomer_deploys_changes_rolls_back_and_deletes(terminal: Terminal):
    assert "hello" in terminal.done("products")
    assert re.search(r"replicas +integer 1\.\.5 +1 +Replicas", terminal.done("products", "hello"))
    domain = fresh_domain()

    screen = terminal.done("deploy", "hello", domain, "--set", "replicas=2", "--set", "greeting=123", "--wait")
    assert "an executor took the job (create)" in screen
    assert re.search(r"status +ready", screen)
    shown = terminal.json("show", domain)
    assert (shown["status"], shown["user_values"]) == ("ready", {"replicas": 2, "greeting": "123"})
    name = shown["deployment_uid"]

    screen = terminal.done("show", name)
    assert re.search(rf"Deployment/{name} +yes", screen)
    assert "an executor took the job (create)" in screen
    assert re.search(rf"{name} +hello 1.0.0 +{domain} +ready", terminal.done("list"))

    assert re.search(r"status +ready", terminal.done("change", name, "--set", "replicas=3", "--wait"))
    assert terminal.json("show", name)["user_values"] == {"replicas": 3, "greeting": "123"}
    assert "nothing changes" in terminal.done("change", name, "--set", "replicas=3")
    assert [each["revision"] for each in terminal.json("revisions", name)] == [2, 1]
    assert "going back to revision 1" in terminal.done("rollback", name, "--wait")
    assert terminal.json("show", name)["user_values"] == {"replicas": 2, "greeting": "123"}
    assert "has the current version already" in terminal.done("upgrade", name)

    asking = terminal.type("delete", name)
    asking.expect("Type its name to go on: ")
    asking.sendline("something else")
    assert terminal.end(asking)[0] == 1
    asking = terminal.type("delete", name, "--wait")
    asking.expect("Type its name to go on: ")
    asking.sendline(name)
    code, screen = terminal.end(asking)
    assert (code, "release and namespace are removed" in screen) == (0, True), screen
    assert name not in terminal.done("list")
    assert re.search(rf"{name} .* deleted", terminal.done("list", "--deleted"))


def test_a_preview_shows_asks_and_is_kept_to(terminal: Terminal):
    domain = fresh_domain()
    asking = terminal.type("deploy", "hello", domain, "--set", "replicas=2", "--preview")
    asking.expect("Go ahead?")
    asking.sendline("n")
    assert terminal.end(asking)[0] == 0
    assert terminal.run("show", domain)[0] == 4
    asking = terminal.type("deploy", "hello", domain, "--set", "replicas=2", "--preview", "--wait")
    asking.expect(r"\+ Deployment/hello-admin-")
    asking.expect("Go ahead?")
    asking.sendline("y")
    assert terminal.end(asking)[0] == 0
    result = terminal.pipe("change", domain, "--set", "replicas=3", "--preview")
    assert (result.returncode, "/spec/replicas: 2 -> 3" in result.stdout) == (0, True), result
    assert "only shown: add --yes" in result.stderr
    assert terminal.json("show", domain)["generation"] == 1
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_what_fails_says_why_and_its_exit_code_tells_it(terminal: Terminal):
    domain = fresh_domain()
    slug = f"failing-{new_id().hex[-8:]}"
    imported = terminal.pipe("admin", "import-chart", slug, "registry.example.org/x:1", "--image", "--label", "1",
                             "--defaults", "-", given="resources: {limits: {cpu: nonsense}}")  # fmt: skip
    assert imported.returncode == 0, imported.stderr
    result = terminal.pipe("deploy", slug, domain, "--wait", "--timeout", "2m")
    assert result.returncode == 6, result
    assert "failed: " in result.stderr
    shown = terminal.done("show", domain)
    assert re.search(r"status +error", shown)
    assert re.search(r"reason +\S+", shown)
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_an_object_is_printed_as_the_cluster_has_it(terminal: Terminal):
    domain = fresh_domain()
    terminal.done("deploy", "hello", domain, "--set", "greeting=As it lives", "--wait")
    name = terminal.json("show", domain)["release_name"]
    assert terminal.json("object", domain, f"configmap/{name}")["data"]["greeting"] == "As it lives"
    printed = terminal.done("object", domain, f"deployment/{name}")
    assert printed.startswith("apiVersion: apps/v1\nkind: Deployment\n")
    assert "managedFields" not in printed
    result = terminal.pipe("object", domain, "deployment/none")
    assert (result.returncode, "there is no deployment none" in result.stderr) == (4, True), result
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_a_chart_tells_how_to_go_on(terminal: Terminal):
    slug, domain = f"telling-{new_id().hex[-8:]}", fresh_domain()
    terminal.done("admin", "import-chart", slug, "registry.example.org/x:1", "--image", "--label", "1")
    terminal.done("deploy", slug, domain, "--wait")
    namespace = terminal.json("show", domain)["namespace_name"]
    assert re.search(rf"answers inside the cluster at http://\S+\.{namespace}:\d+", terminal.done("notes", domain))
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_a_suspended_one_does_not_keep_a_script_waiting(terminal: Terminal):
    domain = fresh_domain()
    terminal.done("deploy", "hello", domain, "--wait")
    assert "ready (suspended)" in terminal.done("suspend", domain)
    result = terminal.pipe("change", domain, "--set", "replicas=2", "--wait")
    assert (result.returncode, "slipway resume" in result.stderr) == (5, True), result
    terminal.done("resume", domain)
    for verb in ("reconcile", "restart", "test"):
        assert re.search(r"status +ready", terminal.done(verb, domain, "--wait"))
    assert "the chart's tests ran: passed" in terminal.done("events", domain)
    assert re.search(r"status +ready", terminal.done("cancel", domain))
    assert "in 20" not in terminal.done("change", domain, "--expires", "2d")
    assert terminal.json("show", domain)["expires_at"] is not None
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_logs_are_shown_and_followed_until_interrupted(terminal: Terminal, stack: Stack):
    domain = fresh_domain()
    terminal.done("deploy", "hello", domain, "--set", "replicas=2", "--wait")
    lines = terminal.pipe("logs", domain, "--tail", "5").stdout.splitlines()
    assert {line.partition(" | ")[0][:12] for line in lines} == {"hello-admin-"}
    pod = lines[0].partition(" | ")[0]
    watching = terminal.type("logs", domain, "--pod", pod, "--follow")
    watching.expect("this node is simulated")
    print_line(stack.state / "cluster", "a line that came later")
    watching.expect("a line that came later")
    watching.sendintr()
    assert terminal.end(watching)[0] == 130
    wrong = terminal.pipe("logs", domain, "--pod", "nothing-like-it")
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (4, False), wrong
    assert terminal.pipe("delete", domain, "--yes").returncode == 0


def test_the_feed_is_followed_live_and_interrupted(terminal: Terminal, stack: Stack):
    watching = terminal.type("events")
    watching.expect("waiting for events")
    domain = fresh_domain()
    terminal.done("deploy", "hello", domain)
    watching.expect("hello-admin-[0-9a-z]+ +asked for")
    watching.expect("hello-admin-[0-9a-z]+ +ready")
    watching.sendintr()
    assert terminal.end(watching)[0] == 130
    first = terminal.pipe("events", "--after", "1-1", "--count", "2", "-o", "json").stdout.splitlines()
    assert len(first) == 2
    tail = terminal.pipe(
        "events", "tail", "--from-start", "--count", "2", NATS_URL=stack.nats_url, NATS_CA=stack.nats_ca
    )
    assert (tail.returncode, len(tail.stdout.splitlines())) == (0, 2), tail
    assert terminal.pipe("delete", domain, "--yes").returncode == 0

"""What scripts rely on: exit codes, formats, standard input; and that no mistake of a user's shows a traceback."""

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from slipway.dev.stack import ADMIN_EMAIL, Stack
from slipway.identity import new_id
from tests.cli.terminal import SLIPWAY, Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")]

NOBODYS = "00000000-0000-7000-8000-000000000000"
"""An id that nothing has."""

MISTAKES: list[tuple[list[str], int, str]] = [
    (["frobnicate"], 2, "frobnicate"),
    (["list", "--nonsense"], 2, "--nonsense"),
    (["list", "--status", "bogus"], 2, "--status"),
    (["deploy", "hello"], 2, "DOMAIN"),
    (["deploy", "helo", "a.example.org"], 4, "there is no product 'helo'; there are: "),
    (["deploy", "hello", "a.example.org", "--version", "9"], 4, "there are: 1.0.0"),
    (["deploy", "hello", "not a domain"], 2, "domain_name: "),
    (["deploy", "hello", "a.example.org", "--set", "replicas=x"], 2, "--set replicas: 'x' is not a whole number"),
    (["deploy", "hello", "a.example.org", "--set", "replica=2"], 2, "there are: greeting, replicas"),
    (["deploy", "hello", "a.example.org", "--set", "replicas=9"], 2, "user_values.replicas: "),
    (["deploy", "hello", "a.example.org", "--values", "/nowhere.yaml"], 2, "/nowhere.yaml cannot be read"),
    (["deploy", "hello", "a.example.org", "--wait", "--timeout", "soon"], 2, "--timeout"),
    (["deploy", "hello", "a.example.org", "--expires", "9999-12-31T23:59:59-05:00"], 2, "--expires"),
    (["show", "nothing-like-it"], 4, "nothing-like-it"),
    (["show", NOBODYS], 4, "no such deployment"),
    (["object", "x", "web"], 2, "web is not KIND/NAME"),
    (["delete", "nothing-like-it", "--yes"], 4, "nothing-like-it"),
    (["delete", "", "--yes"], 4, "name is missing"),
    (["rollback", "nothing-like-it"], 4, "nothing-like-it"),
    (["logs", "x", "--follow", "--previous"], 2, "--previous"),
    (["admin", "requeue-job", "x"], 2, "JOB"),
    (["admin", "fail-job", NOBODYS], 4, "no such job"),
    (["admin", "create-user", ADMIN_EMAIL, "--no-password"], 5, "e-mail"),
    (["admin", "import-chart", "x", "oci://127.0.0.1:1/x"], 2, "--version"),
    (["admin", "import-chart", "x", "ftp://a/x", "--version", "1"], 2, "chart_ref: "),
    (["config", "show", "nothing"], 2, "api, console, executor, "),
    (["tokens", "delete", "nothing-like-it"], 4, "nothing-like-it"),
    (["tokens", "delete", "a"], 4, "you have no token 'a'"),
    (["tasks", "done", "nothing-like-it"], 4, "nothing-like-it"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), MISTAKES, ids=[" ".join(each[0]) for each in MISTAKES])
def test_a_mistake_has_a_sentence_and_a_code(terminal: Terminal, arguments: list[str], code: int, said: str):
    result = terminal.pipe(*arguments)
    assert (result.returncode, said in result.stderr, result.stdout) == (code, True, ""), result
    assert "Traceback" not in result.stderr


def test_what_is_no_text_is_told(terminal: Terminal, nobody: Terminal):
    for result in (terminal.pipe("tasks", "add", "\udcff"), nobody.pipe("list", SLIPWAY_TOKEN="\udcff")):
        assert (result.returncode, "no text" in result.stderr, "Traceback" in result.stderr) == (2, True, False), result


def test_a_folder_that_cannot_be_written_is_named(nobody: Terminal, tmp_path: Path):
    (tmp_path / "file").touch()
    result = nobody.pipe("completion", "bash", "--install", HOME=str(tmp_path / "file"))
    assert (result.returncode, str(tmp_path / "file") in result.stderr) == (1, True), result
    assert "Traceback" not in result.stderr


def test_a_product_that_could_not_be_published_is_not_left_over(terminal: Terminal):
    terminal.pipe("admin", "import-chart", "leftover", "ftp://a/x", "--version", "1")
    assert "leftover" not in [each["slug"] for each in terminal.json("products")]


def test_nobody_is_told_to_sign_in(nobody: Terminal):
    result = nobody.pipe("list")
    assert (result.returncode, "slipway login" in result.stderr) == (3, True), result
    result = nobody.pipe("list", SLIPWAY_TOKEN="wrong")
    assert (result.returncode, "slipway login" in result.stderr) == (3, True), result
    result = nobody.pipe("login", "--email", f"{new_id()}@example.org", "--password-stdin", given="wrong\n")
    assert (result.returncode, "password is wrong" in result.stderr) == (3, True), result


def test_a_server_that_is_not_there_is_named(nobody: Terminal):
    result = nobody.pipe("list", SLIPWAY_API_URL="http://127.0.0.1:9", SLIPWAY_TOKEN="x")
    assert (result.returncode, "no answer from http://127.0.0.1:9" in result.stderr) == (7, True), result
    result = nobody.pipe("list", SLIPWAY_API_URL="nonsense", SLIPWAY_TOKEN="x")
    assert (result.returncode, "is not an address" in result.stderr) == (2, True), result


def test_a_user_that_an_admin_made_signs_in_and_sees_only_their_own(terminal: Terminal, nobody: Terminal, stack: Stack):
    email, password = f"u{new_id().hex[-8:]}@example.org", "a-long-password-1"
    made = terminal.pipe("admin", "create-user", email, "--password-stdin", "-o", "json", given=f"{password}\n")
    assert json.loads(made.stdout)["is_admin"] is False
    assert email in terminal.done("admin", "users")
    signed = nobody.pipe("login", stack.api_url, "--email", email, "--password-stdin", given=f"{password}\n")
    assert signed.returncode == 0, signed.stderr
    file = nobody.home / "config" / "slipway" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert password not in file.read_text()
    assert email in nobody.done("whoami")
    assert nobody.json("list") == []
    result = nobody.pipe("admin", "users")
    assert (result.returncode, "Traceback" in result.stderr) == (3, False), result
    assert nobody.pipe("logout").returncode == 0
    assert nobody.pipe("whoami").returncode == 3


def test_admins_look_at_jobs_clusters_and_the_audit_trail(terminal: Terminal):
    jobs: list[dict[str, Any]] = terminal.json("admin", "list-reconcile-jobs", "--status", "succeeded", "--limit", "1")
    if jobs:
        refused = terminal.pipe("admin", "requeue-job", jobs[0]["id"])
        assert refused.returncode == 5, refused
    assert "local" in terminal.done("admin", "clusters")
    assert "deployments are being compared" in terminal.done("admin", "scan-drift")
    assert "user.created" in terminal.done("admin", "audit", "--limit", "200")
    assert all(each["result"] == "refused" for each in terminal.json("admin", "audit", "--refused"))


def test_yaml_is_what_json_is(terminal: Terminal):
    said = terminal.pipe("products", "hello", "-o", "yaml").stdout
    assert msgspec.yaml.decode(said) == terminal.json("products", "hello")


def test_a_shell_completes_commands(terminal: Terminal):
    script = terminal.pipe("completion", "bash").stdout
    asking = f"{script}\nCOMP_WORDS=(slipway de); COMP_CWORD=1; _slipway; echo ${{COMPREPLY[@]}}"
    found = subprocess.run(
        ["bash", "-c", asking], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert found.stdout.split() == ["deploy", "delete"]
    assert terminal.pipe("completion", "zsh").stdout.startswith("#compdef slipway")


def test_a_reader_that_has_seen_enough_ends_it_quietly(terminal: Terminal):
    environment = {**terminal.environment}
    piped = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" "$@" | head -n 1', *SLIPWAY, "events", "--after", "1-1", "-o", "json"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in piped.stderr
    assert len(piped.stdout.splitlines()) == 1


def test_settings_are_explained_without_their_secrets(terminal: Terminal):
    result = terminal.pipe(
        "config",
        "show",
        "api",
        DATABASE_URL="postgresql://me:hidden@db/x",
        JWT_SECRET_KEY="short",
        SLIPWAY_HTTP_PROT="1",
    )
    assert result.returncode == 1
    assert "hidden" not in result.stdout
    assert "short" not in result.stdout
    lines = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    assert "environment" in lines["DATABASE_URL"]
    assert "is not valid" in lines["JWT_SECRET_KEY"]
    assert "is SLIPWAY_HTTP_PORT meant?" in result.stderr
    assert terminal.pipe("config", "show", "executor", NATS_URL="nats://nats.example.org:4222").returncode == 0
    shown = terminal.pipe("config", "show", "-o", "json", DATABASE_URL="x").stdout
    assert set(json.loads(shown)) == {"api", "executor", "scheduler", "console"}

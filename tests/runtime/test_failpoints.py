"""Failpoints are off unless armed, act once, and a wrong name is refused."""

import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway import failpoints
from slipway.failpoints import NAMES, Injected, arm, hit

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm(())


def test_nothing_happens_unless_armed():
    for name in NAMES:
        hit(name)
    arm(["relay.published=error"])
    hit("worker.acked")


def test_it_acts_at_the_hit_that_was_asked_for_and_once():
    arm(["relay.published=error@3", "worker.acked=error"])
    hit("relay.published")
    hit("relay.published")
    with pytest.raises(Injected, match=r"relay\.published"):
        hit("relay.published")
    hit("relay.published")
    with pytest.raises(Injected):
        hit("worker.acked")


@pytest.mark.parametrize(
    "spec",
    ["", "relay.publish=kill", "relay.published", "relay.published=explode", "relay.published=kill@0", "relay.published=kill@two"],
)  # fmt: skip
def test_a_wrong_one_is_refused_and_arms_nothing(spec: str):
    with pytest.raises(ValueError, match=r"^expected name=kill\|stop\|error.* relay\.published"):
        arm(["worker.acked=error", spec])
    hit("worker.acked")


@pytest.mark.parametrize("action", ["kill", "stop"])
def test_a_process_is_killed_or_stopped_where_it_is(action: str):
    program = (
        f"from slipway.failpoints import arm, hit; arm(['worker.acked={action}']); hit('worker.acked'); print('on')"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as child:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if action == "kill":
            assert os.WTERMSIG(status) == signal.SIGKILL
            child.returncode = -signal.SIGKILL
        else:
            assert os.WSTOPSIG(status) == signal.SIGSTOP
            child.send_signal(signal.SIGCONT)
            output, _ = child.communicate(timeout=10)
            assert output.splitlines()[-1] == b"on"


def test_a_service_refuses_to_start_with_one_that_it_does_not_know():
    environment = {
        "PATH": os.environ["PATH"],
        "NATS_URL": "nats://127.0.0.1:1",
        "SLIPWAY_FAILPOINTS": "worker.akked=kill",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "slipway_executor"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert "slipway-executor: SLIPWAY_FAILPOINTS is not valid: Expected name=kill|stop|error" in ran.stderr
    assert "worker.acked" in ran.stderr


def test_every_name_is_hit_somewhere_and_every_hit_has_a_name():
    found: set[str] = set()
    for path in (ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("hit", "failpoints.hit"):
                found.add(ast.literal_eval(node.args[0]))
    assert found == failpoints.NAMES

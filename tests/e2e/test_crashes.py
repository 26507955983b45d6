"""Processes are killed and NATS loses its data: what was accepted is carried out all the same."""

import asyncio
import os
import signal

import pytest

from slipway.client.http import SlipwayClient
from slipway.dev.process import kill_group
from slipway.dev.stack import Stack
from tests.e2e.watching import Watcher, eventually

pytestmark = pytest.mark.e2e


async def test_two_executors_share_twenty_deployments(watcher: Watcher, client: SlipwayClient):
    hello = (await watcher.product("Hello"))["template"]
    asked = await asyncio.gather(*(watcher.deploy(hello) for _ in range(20)))
    ready = await asyncio.gather(*(watcher.until(each, {"ready", "error"}) for each in asked))
    assert {each["status"] for each in ready} == {"ready"}
    releases = {release["name"] for release in await watcher.helm("list", "-A", "--max", "0")}
    assert {each["release_name"] for each in ready} <= releases
    workers = set()
    for each in ready:
        events = await watcher.events(each)
        assert [event["slipwayseq"] for event in events] == list(range(1, len(events) + 1))
        workers |= {event["data"]["actor"]["id"] for event in events if event["type"].endswith("ready.v1")}
    assert len(workers) == 2


async def test_another_executor_finishes_what_a_killed_one_began(watcher: Watcher, client: SlipwayClient, stack: Stack):
    """A pre-install hook that never ends holds Helm in mid-install, with its record pending, when the executor is killed."""
    reference, version, digest = await _push_hooked(stack)
    template = await watcher.new_product({"chart_ref": reference, "chart_version": version, "chart_digest": digest})
    await stack.stop_service("executor-2")
    deployment = await watcher.deploy(template)
    name = deployment["release_name"]

    async def pending() -> bool | None:
        if name not in await watcher.namespaces():
            return None
        return bool(await watcher.helm("list", "--namespace", name, "--pending")) or None

    await eventually(pending, "Helm is in mid-install")
    kill_group(stack.services.pop("executor-1"))
    await watcher.run("kubectl", "create", "configmap", "go-on", "--namespace", name)
    await watcher.run(
        "kubectl",
        "patch",
        "job",
        "gate",
        "--namespace",
        name,
        "--type=json",
        "-p",
        '[{"op": "replace", "path": "/spec/suspend", "value": false}]',
    )
    await stack.start_service("executor-2")
    ready = await watcher.until(deployment, {"ready"})
    assert ready["applied_generation"] == 1
    [release] = await watcher.helm("list", "--namespace", name)
    assert release["status"] == "deployed"
    await stack.start_service("executor-1")


async def test_nothing_is_lost_when_nats_comes_back_without_its_data(
    watcher: Watcher, client: SlipwayClient, stack: Stack
):
    hello = (await watcher.product("Hello"))["template"]
    asked = [await watcher.deploy(hello) for _ in range(3)]
    await stack.restart_nats(wipe=True)
    asked += [await watcher.deploy(hello) for _ in range(3)]
    ready = [await watcher.until(each, {"ready", "error"}) for each in asked]
    assert {each["status"] for each in ready} == {"ready"}


async def test_a_scheduler_that_is_killed_is_not_missed(watcher: Watcher, client: SlipwayClient, stack: Stack):
    hello = (await watcher.product("Hello"))["template"]
    os.kill(stack.services["scheduler-1"].pid, signal.SIGKILL)
    deployment = await watcher.deploy(hello)
    assert (await watcher.until(deployment, {"ready", "error"}))["status"] == "ready"
    del stack.services["scheduler-1"]
    await stack.start_service("scheduler-1")


async def _push_hooked(stack: Stack) -> tuple[str, str, str]:
    import shutil
    import tempfile
    from pathlib import Path

    from slipway.dev import samples

    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder) / "hooked"
        shutil.copytree(samples.CHART, chart)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: hooked\nversion: 1.0.0\n")
        (chart / "templates" / "gate.yaml").write_text(_GATE)
        return await samples.push_chart(stack, chart)


_GATE = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: gate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  suspend: {{ not (lookup "v1" "ConfigMap" .Release.Namespace "go-on") }}
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: gate
        image: registry.example.org/gate:1
"""

"""What every way to run Helm promises: the engine and the Helm program on a real cluster, and Helm in memory."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import Cluster
from slipway_executor.failing import OperationFailed, terminal
from slipway_executor.helm.engine.adapter import HelmEngine
from slipway_executor.helm.memory import MemoryHelm
from slipway_executor.helm.port import Helm, Release
from slipway_executor.helm.process import HelmProcess
from slipway_executor.helm.witnessed import WitnessedHelm
from slipway_executor.reconcile.reason import of_hooks
from slipway_executor.reconcile.rules import check
from slipway_executor.reconcile.state import Observed
from tests.helm import charts
from tests.helm.charts import config_map, job
from tests.helm.place import Place

pytestmark = pytest.mark.servers

PLAIN = {"templates/all.yaml": config_map("settings", data='{colour: "{{ .Values.colour | default "blue" }}"}')}
FAILING = {"templates/all.yaml": config_map("settings") + job("gate", "pre-install,pre-upgrade", fails=True)}
TESTED = {"templates/all.yaml": config_map("settings") + job("check", "test", fails=True)}


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One way to run Helm, and the cluster that it writes to."""

    helm: Helm
    cluster: Cluster
    namespace: str


@pytest.fixture(params=["engine", "process", "memory"])
def way(request: pytest.FixtureRequest, engine: HelmEngine, process: HelmProcess, place: Place) -> Way:
    if request.param == "memory":
        cluster = MemoryCluster()
        return Way(helm=MemoryHelm(cluster), cluster=cluster, namespace="memory")
    helm = engine if request.param == "engine" else process
    return Way(helm=helm, cluster=place.cluster, namespace=place.namespace)


@pytest.fixture(params=["engine", "process"])
def real(request: pytest.FixtureRequest, engine: HelmEngine, process: HelmProcess, place: Place) -> Helm:
    """As an executor has them."""
    return engine if request.param == "engine" else WitnessedHelm(process, place.cluster)


def labelled(way: Way, chart: Path, generation: int) -> Release:
    labels = {"slipway-gen": str(generation), "slipway-digest": f"{generation}" * 40, "slipway-fence": "7"}
    return charts.release(chart, way.namespace, labels=labels)


async def history(way: Way) -> list[tuple[int, str, int | None]]:
    found = await way.cluster.release_history(way.namespace, charts.RELEASE)
    return [(record.revision, record.status, record.generation) for record in found]


async def test_it_installs_upgrades_rolls_back_and_removes(way: Way, tmp_path: Path):
    chart = charts.packed(tmp_path, PLAIN)
    await way.helm.apply(labelled(way, chart, 1), charts.within())
    assert await history(way) == [(1, "deployed", 1)]
    await way.helm.apply(labelled(way, chart, 2), charts.within())
    assert (await history(way))[-1] == (2, "deployed", 2)
    await way.helm.roll_back(labelled(way, chart, 2), 1, charts.within())
    assert (await history(way))[-1] == (3, "deployed", 1), "labels are the old revision's"
    for _ in range(2):  # a release that is not there is a success
        await way.helm.uninstall(charts.RELEASE, way.namespace, charts.within())
        assert await history(way) == []


async def test_a_failed_operation_leaves_a_failed_revision(way: Way, tmp_path: Path):
    if isinstance(way.helm, MemoryHelm):
        way.helm.failure = terminal("hook_failed", "a hook failed")
    with pytest.raises(OperationFailed) as caught:
        await way.helm.apply(labelled(way, charts.packed(tmp_path, FAILING), 1), charts.within())
    assert caught.value.failure.code == "hook_failed"
    assert await history(way) == [(1, "failed", 1)]


@pytest.mark.parametrize("policy", ["hook-failed", "hook-succeeded,hook-failed"])
async def test_a_hook_that_is_removed_when_it_fails_is_told_by_its_pods(
    real: Helm, place: Place, tmp_path: Path, policy: str
):
    """Row H6: Helm removes the Job before it returns, and its pods with it; by then nobody could say why."""
    more = f', helm.sh/hook-delete-policy: "{policy}", helm.sh/hook-output-log-policy: hook-failed'
    hook = charts.job("gate", "pre-install", more=more)
    waiting = hook.replace("/ends:1", "/slipway-test/stays-pending:1")
    chart = charts.packed(tmp_path, {"templates/all.yaml": waiting})
    applying = asyncio.create_task(
        real.apply(charts.release(chart, place.namespace, hook_timeout_sec=300), charts.within(600))
    )
    try:
        while not (pods := await place.get("pods")):
            assert not applying.done(), "Helm made no pod"
            await asyncio.sleep(0.1)
        ended = {"exitCode": 3, "message": "no such table"}
        container = {"name": "main", "image": "i", "imageID": "", "ready": False, "restartCount": 0}
        status = {"phase": "Failed", "containerStatuses": [{**container, "state": {"terminated": ended}}]}
        name = pods[0]["metadata"]["name"]
        await place.kubectl("patch", "pod", name, "--subresource=status", "-p", json.dumps({"status": status}))
        with pytest.raises(OperationFailed) as caught:
            await applying
    finally:
        applying.cancel()
    assert not [item for item in await place.objects() if item["kind"] == "Job"]
    told = await of_hooks(caught.value.failure, caught.value.hook_pods, MemoryCluster(), place.namespace)
    assert told.reason.endswith(f"pod {name}: container main ended with exit code 3: no such table")


async def test_a_failed_test_is_told_and_changes_no_revision(way: Way, tmp_path: Path):
    if isinstance(way.helm, MemoryHelm):
        way.helm.test_failure = terminal("hook_failed", "a hook failed")
    release = labelled(way, charts.packed(tmp_path, TESTED), 1)
    await way.helm.apply(release, charts.within())
    with pytest.raises(OperationFailed) as caught:
        await way.helm.test(release, charts.within())
    assert caught.value.failure.code == "hook_failed"
    assert await history(way) == [(1, "deployed", 1)]


async def test_a_chart_for_another_cluster_uses_up_its_tries(real: Helm, place: Place, tmp_path: Path):
    chart = charts.packed(tmp_path, PLAIN, chart="kubeVersion: '>=9.0.0'\n")
    given: Any = SimpleNamespace(trusted=False, release=charts.release(chart, place.namespace))
    command: Any = SimpleNamespace(promised=None)

    async def reserve(*_: Any) -> None: ...

    with pytest.raises(OperationFailed) as caught:
        await check(MemoryCluster(), real, command, given, Observed(namespace=None), reserve)
    failure = caught.value.failure
    assert (failure.code, failure.counted, failure.cluster_changed) == ("helm_failed", True, False)


@pytest.mark.parametrize("on_server", [True, False])
async def test_rendering_writes_nothing(way: Way, tmp_path: Path, on_server: bool):
    await way.helm.render(labelled(way, charts.packed(tmp_path, PLAIN), 1), on_server=on_server)
    assert await history(way) == []


async def test_a_chart_that_does_not_end_is_terminal(
    real: Helm, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for module in ("engine.adapter", "process"):
        monkeypatch.setattr(f"slipway_executor.helm.{module}.RENDER_SEC", 2.0)
    loop = "{{ range until 100000 }}{{ range until 100000 }}{{ $x := . }}{{ end }}{{ end }}"
    chart = charts.packed(tmp_path, {"templates/all.yaml": loop})
    with pytest.raises(OperationFailed) as caught:
        await real.render(charts.release(chart, place.namespace), on_server=False)
    assert (caught.value.failure.code, caught.value.failure.failure_class) == ("render_too_slow", "terminal")


async def test_it_acts_with_the_rights_of_its_user(real: Helm, place: Place, tmp_path: Path):
    chart = charts.packed(tmp_path, PLAIN)
    somebody = f"system:serviceaccount:{place.namespace}:default"
    release = charts.release(chart, place.namespace, as_user=somebody)
    with pytest.raises(OperationFailed) as caught:
        await real.apply(release, charts.within())
    assert caught.value.failure.code == "cluster_forbidden"
    await place.kubectl(
        "create", "rolebinding", "all", "--clusterrole=admin", f"--serviceaccount={place.namespace}:default"
    )

    async def allowed() -> bool:
        return await place.cluster.may_write(place.namespace, somebody)

    while not await allowed():
        pass
    await real.apply(release, charts.within())


async def test_releases_pass_between_all_who_run_helm(
    engine: HelmEngine, process: HelmProcess, place: Place, tmp_path: Path
):
    """Records, and the fields of objects: nobody meets a conflict, and no field stays that the newest chart has not."""
    more = {"templates/all.yaml": config_map("settings", data="{colour: red, size: large}")}
    first, second = charts.packed(tmp_path, PLAIN), charts.packed(tmp_path, more)
    await engine.apply(charts.release(second, place.namespace), charts.within())
    await process.apply(charts.release(first, place.namespace, values={"colour": "green"}), charts.within())
    [settings] = await place.objects()
    assert settings["data"] == {"colour": "green"}
    [listed] = json.loads(await place.helm("list", "--output=json"))
    assert (listed["name"], listed["revision"], listed["status"]) == (charts.RELEASE, "2", "deployed")
    await place.helm("rollback", charts.RELEASE, "1")
    await engine.apply(charts.release(first, place.namespace, values={"colour": "white"}), charts.within())
    [settings] = await place.objects()
    assert settings["data"] == {"colour": "white"}
    by_hand = ("upgrade", charts.RELEASE, str(second))
    await place.helm(*by_hand)
    await engine.roll_back(charts.release(first, place.namespace), 4, charts.within())
    [settings] = await place.objects()
    assert settings["data"] == {"colour": "white"}
    shown = json.loads(await place.helm("history", charts.RELEASE, "--output=json"))
    assert [each["status"] for each in shown] == ["superseded"] * 5 + ["deployed"]
    await place.helm("uninstall", charts.RELEASE)

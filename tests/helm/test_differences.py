"""The engine and the Helm program, chart by chart: the same objects, records, hooks and errors."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from slipway.dev.build import Binaries
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.engine.adapter import HelmEngine
from slipway_executor.helm.port import Helm
from slipway_executor.helm.process import HelmProcess
from tests.helm import charts
from tests.helm.cases import CASES, Step
from tests.helm.place import Place

pytestmark = pytest.mark.servers

TIMES = {"createdAt", "modifiedAt"}


@pytest.mark.parametrize("name", CASES)
async def test_both_do_the_same(
    name: str, engine: HelmEngine, process: HelmProcess, binaries: Binaries, kubeconfig: Path,
    cluster: KubernetesCluster, tmp_path: Path,
):  # fmt: skip
    by_engine, by_process = [await Place.make(binaries, kubeconfig, cluster) for _ in range(2)]
    for number, step in enumerate(CASES[name]):
        chart = charts.packed(tmp_path, step.files, chart=step.chart) if step.files else tmp_path
        mine, oracle = await asyncio.gather(
            played(step, engine, by_engine, chart), played(step, process, by_process, chart)
        )
        assert oracle["code"] == step.code, (number, oracle["failure"])
        assert mine == oracle, number


async def played(step: Step, helm: Helm, place: Place, chart: Path) -> dict[str, Any]:
    """Return what a step came to: its failure, its rendering, and everything that is in the namespace after it."""
    failure, shown = None, None
    try:
        shown = await _do(step, helm, place, chart)
    except OperationFailed as error:
        failure = msgspec.to_builtins(error.failure)
    seen = {
        "failure": failure,
        "rendered": msgspec.to_builtins(shown),
        "releases": [_release(each) for each in await place.releases()],
        "objects": sorted((_object(item) for item in await place.objects()), key=str),
    }
    neutral = msgspec.json.encode(seen).decode().replace(place.namespace, "(namespace)")
    return {**msgspec.json.decode(neutral), "code": failure["code"] if failure else None}


async def _do(step: Step, helm: Helm, place: Place, chart: Path) -> Any:
    release = charts.release(chart, place.namespace, values=step.values, **step.fields)
    match step.do:
        case "apply":
            return await helm.apply(release, charts.within())
        case "rollback":
            return await helm.roll_back(release, step.revision, charts.within())
        case "test":
            return await helm.test(release, charts.within())
        case "uninstall":
            return await helm.uninstall(release.name, place.namespace, charts.within(), hook_timeout_sec=60)
        case "render" | "template":
            return await helm.render(release, on_server=step.do == "render")
        case _:
            return await place.make_object(step.item)


def _release(stored: dict[str, Any]) -> dict[str, Any]:
    """Return all of a stored release that does not tell the time."""
    hooks = [{**hook, "last_run": hook.get("last_run", {}).get("phase")} for hook in stored.get("hooks", [])]
    labels = {key: value for key, value in stored["secret_labels"].items() if key not in TIMES}
    info = {key: stored["info"].get(key) for key in ("status", "description", "notes", "rollback_revision")}
    return {
        **{key: stored.get(key) for key in ("version", "manifest", "config", "apply_method", "chart")},
        "labels": labels, "info": info, "hooks": sorted(hooks, key=lambda hook: hook["name"]),
    }  # fmt: skip


def _object(item: dict[str, Any]) -> dict[str, Any]:
    meta = item["metadata"]
    managers = sorted(
        (each["manager"], each["operation"])
        for each in meta["managedFields"]
        if each["manager"] in ("helm", "somebody")
    )
    marks = {
        key: value for key, value in meta.get("annotations", {}).items() if key.startswith(("helm", "meta.helm.sh"))
    }
    wanted = item.get("data") if item["kind"] == "ConfigMap" else item.get("spec", {}).get("replicas")
    return {"kind": item["kind"], "name": meta["name"], "managers": managers, "marks": marks, "wanted": wanted}

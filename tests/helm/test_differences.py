"""The engine and the Helm program, chart by chart: the same objects, records, hooks and errors."""

import asyncio
from datetime import UTC, datetime
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
ROOT = Path(__file__).resolve().parents[2]
CHANCE = ("uid", "resourceVersion", "creationTimestamp")
"""Of an object's metadata: what the API server makes up."""
ADDRESSES = ("clusterIP", "clusterIPs")
REVISION = "deployment.kubernetes.io/revision"
"""What a controller notes on a Deployment, some time later."""


@pytest.mark.parametrize("name", CASES)
async def test_both_do_the_same(
    name: str, engine: HelmEngine, process: HelmProcess, binaries: Binaries, kubeconfig: Path,
    cluster: KubernetesCluster, tmp_path: Path,
):  # fmt: skip
    by_engine, by_process = [await Place.make(binaries, kubeconfig, cluster) for _ in range(2)]
    for number, step in enumerate(CASES[name]):
        chart = charts.packed(tmp_path, step.files, chart=step.chart) if step.files else ROOT / step.folder
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
        case "forget":
            return await place.helm("uninstall", release.name, "--keep-history") and None
        case "mark":
            return await place.mark(step.status)
        case _:
            return await place.make_object(step.item)


def _release(stored: dict[str, Any]) -> dict[str, Any]:
    """Return all of a stored release that does not tell the time; its hooks in the order in which they ran."""
    ran = sorted(stored.get("hooks") or [], key=lambda hook: (_began(hook), hook["name"]))
    hooks = [{**hook, "last_run": hook.get("last_run", {}).get("phase")} for hook in ran]
    labels = {key: value for key, value in stored["secret_labels"].items() if key not in TIMES}
    info = {key: stored["info"].get(key) for key in ("status", "description", "notes", "rollback_revision")}
    return {
        **{key: stored.get(key) for key in ("version", "manifest", "config", "apply_method", "chart")},
        "labels": labels, "info": info, "hooks": hooks,
    }  # fmt: skip


def _began(hook: dict[str, Any]) -> datetime:
    """Return when a hook was run last; one that never was, long ago."""
    began = hook.get("last_run", {}).get("started_at")
    return datetime.fromisoformat(began) if began else datetime.min.replace(tzinfo=UTC)


def _object(item: dict[str, Any]) -> dict[str, Any]:
    """Return all of an object that neither chance nor time nor a controller has set."""
    uid = item["metadata"]["uid"]
    item = msgspec.json.decode(msgspec.json.encode(item).decode().replace(uid, "(uid)"))
    meta = {key: value for key, value in item["metadata"].items() if key not in CHANCE}
    meta["annotations"] = {key: value for key, value in meta.get("annotations", {}).items() if key != REVISION}
    meta["managedFields"] = sorted(
        ({key: value for key, value in each.items() if key != "time"} for each in meta["managedFields"]
         if each["manager"] in ("helm", "somebody")), key=str,
    )  # fmt: skip
    spec = {key: value for key, value in item.get("spec", {}).items() if key not in ADDRESSES}
    if "ports" in spec:
        spec["ports"] = [{**port, "nodePort": "nodePort" in port} for port in spec["ports"]]
    return {**item, "metadata": meta, "spec": spec, "status": None}

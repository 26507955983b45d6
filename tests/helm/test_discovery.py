"""What the cluster serves is remembered by the engine, and never believed for longer than it is true."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from slipway.identity import new_id
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.engine.adapter import HelmEngine
from slipway_executor.helm.engine.protocol import Operation
from tests.helm import charts
from tests.helm.charts import config_map
from tests.helm.place import Place

pytestmark = pytest.mark.servers

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.{group}}}
spec:
  group: {group}
  names: {{kind: Thing, plural: {plural}, singular: thing}}
  scope: Namespaced
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object}}}}}}]
"""


async def applied(helm: HelmEngine, place: Place, chart: Path) -> None:
    await helm.apply(charts.release(chart, place.namespace), charts.within())


async def refused(helm: HelmEngine, place: Place, chart: Path) -> str:
    with pytest.raises(OperationFailed) as caught:
        await applied(helm, place, chart)
    return caught.value.failure.code


async def test_a_kind_that_comes_and_goes_is_seen_at_once(engine: HelmEngine, place: Place, tmp_path: Path):
    group = f"g{new_id().hex[-10:]}.example.org"
    thing = f"apiVersion: {group}/v1\nkind: Thing\nmetadata: {{name: one}}\n"
    uses = charts.packed(tmp_path, {"templates/all.yaml": thing})
    asks = '{known: "{{ .Capabilities.APIVersions.Has "%s/v1/Thing" }}"}'
    sees = charts.packed(tmp_path, {"templates/all.yaml": config_map("seen", data=asks.replace("%s", group))})
    assert await refused(engine, place, uses) == "unknown_kind"
    await applied(engine, place, sees)
    assert await known(place) == "false"

    await place.kubectl("apply", "-f", "-", stdin=CRD.format(group=group, plural="things"))
    await place.kubectl("wait", "--for=condition=Established", "crd", f"things.{group}")
    await until_served(place, group, served=True)
    await applied(engine, place, sees)
    assert await known(place) == "true"
    await applied(engine, place, uses)

    await applied(engine, place, sees)
    await place.kubectl("delete", "crd", f"things.{group}")
    await until_served(place, group, served=False)
    assert await refused(engine, place, uses) == "unknown_kind"
    await applied(engine, place, sees)
    assert await known(place) == "false"


async def test_a_kind_that_comes_back_under_another_name_is_found(engine: HelmEngine, place: Place, tmp_path: Path):
    """The path that was remembered answers 404 now."""
    group = f"g{new_id().hex[-10:]}.example.org"
    thing = f"apiVersion: {group}/v1\nkind: Thing\nmetadata: {{name: one}}\n"
    uses = charts.packed(tmp_path, {"templates/all.yaml": thing})
    for plural in ("things", "thingies"):
        await place.kubectl("apply", "-f", "-", stdin=CRD.format(group=group, plural=plural))
        await place.kubectl("wait", "--for=condition=Established", "crd", f"{plural}.{group}")
        await until_served(place, group, served=True)
        await applied(engine, place, uses)
        assert "one" in await place.kubectl("get", f"{plural}.{group}", "-o", "name")
        await engine.uninstall(charts.RELEASE, place.namespace, charts.within())
        await place.kubectl("delete", "crd", f"{plural}.{group}")
        await until_served(place, group, served=False)


async def test_the_cluster_forgets_a_kind_that_went(place: Place):
    """Its remembered path answers 404 now, which is no change in the namespace."""
    group = f"g{new_id().hex[-10:]}.example.org"
    thing = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "one"}}
    for plural in ("things", "thingies"):
        await place.kubectl("apply", "-f", "-", stdin=CRD.format(group=group, plural=plural))
        await place.kubectl("wait", "--for=condition=Established", "crd", f"{plural}.{group}")
        await until_served(place, group, served=True)
        assert await place.cluster.apply(thing, place.namespace, manager="helm", dry_run=True)
        await place.kubectl("delete", "crd", f"{plural}.{group}")
        await until_served(place, group, served=False)
        with pytest.raises(OperationFailed) as caught:
            await place.cluster.apply(thing, place.namespace, manager="helm", dry_run=True)
        assert caught.value.failure.code == "unknown_kind"


async def test_the_engine_tells_of_a_release_what_helm_tells(engine: HelmEngine, place: Place, tmp_path: Path):
    chart = charts.packed(tmp_path, {"templates/all.yaml": config_map("settings")})
    for _ in range(2):
        await applied(engine, place, chart)
    asked = Operation(kind="", name=charts.RELEASE, namespace=place.namespace, kubeconfig=engine._content())
    async with engine._pool.one() as child:
        status = await child.ask(msgspec.structs.replace(asked, kind="status"), charts.within(), limit_sec=60)
        history = await child.ask(msgspec.structs.replace(asked, kind="history"), charts.within(), limit_sec=60)
        odd = await child.ask(msgspec.structs.replace(asked, kind="dance"), charts.within(), limit_sec=60)
    newest = msgspec.json.decode(status.result)
    assert (newest["revision"], newest["status"], newest["description"]) == (2, "deployed", "Upgrade complete")
    assert newest["labels"]["slipway-gen"] == "1"
    states = sorted((each["revision"], each["status"]) for each in msgspec.json.decode(history.result))
    assert states == [(1, "superseded"), (2, "deployed")]
    assert odd.error == 'there is no operation "dance"'


async def known(place: Place) -> str:
    return next(item["data"]["known"] for item in await place.objects() if item["metadata"]["name"] == "seen")


async def until_served(place: Place, group: str, *, served: bool) -> None:
    while (group in await place.kubectl("api-versions")) is not served:
        await asyncio.sleep(0)

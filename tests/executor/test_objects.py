"""One live object: what is shown of it, and what never is."""

import base64
from uuid import uuid4

import pytest

from slipway.messaging.messages import Sealed
from slipway.messaging.queries import ObjectRead, Place, ReadObject
from slipway_api.sealing import seal
from slipway_executor.cluster.memory import MemoryCluster
from slipway_executor.cluster.port import Namespace, Object, ReleaseRecord
from slipway_executor.failing import OperationFailed
from slipway_executor.insight.objects import LONGEST_TEXT, Objects
from slipway_executor.masking import HIDDEN
from slipway_executor.reconcile.comparing import as_helm_has_it
from slipway_executor.sealing import Keyring, fresh_key

PLACE = Place(installation=uuid4(), deployment=uuid4(), namespace="shop", release="shop")
SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "blue"}}
LOGIN = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": {"password": "aHVudGVyMg=="}}


@pytest.fixture
def cluster() -> MemoryCluster:
    made = MemoryCluster()
    made.namespaces["shop"] = Namespace(
        name="shop", uid="1", installation=str(PLACE.installation), deployment=str(PLACE.deployment), tenant="laid"
    )
    made.releases["shop", "shop"] = [ReleaseRecord(revision=1, status="deployed")]
    made.rendered = [SETTINGS, LOGIN]
    made.set_objects(*(as_helm_has_it(item, "shop", "shop") for item in made.rendered))
    return made


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(base64.b64decode(fresh_key()))


async def look(
    cluster: MemoryCluster, keyring: Keyring, kind: str, name: str, version: str | None = None
) -> ObjectRead:
    asked = ReadObject(place=PLACE, kind=kind, name=name, api_version=version)
    return await Objects(cluster, keyring)(asked)


def change(cluster: MemoryCluster, item: Object) -> None:
    cluster.set_objects(item)


async def test_it_is_shown_as_it_lives_without_what_machines_keep_in_it(cluster: MemoryCluster, keyring: Keyring):
    live = as_helm_has_it({**SETTINGS, "data": {"colour": "pink"}}, "shop", "shop")
    live["metadata"] |= {"managedFields": [{"manager": "helm"}], "uid": "u"}
    live["metadata"]["annotations"] |= {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    change(cluster, live)
    found = await look(cluster, keyring, "configmap", "settings")
    assert found.manifest["data"] == {"colour": "pink"}
    assert found.manifest["metadata"]["uid"] == "u"
    assert "managedFields" not in found.manifest["metadata"]
    assert set(found.manifest["metadata"]["annotations"]) == {
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
    }
    assert not found.shortened


async def test_of_a_secret_only_the_keys_are_shown(cluster: MemoryCluster, keyring: Keyring):
    found = await look(cluster, keyring, "Secret", "login")
    assert found.manifest["data"] == {"password": HIDDEN}


async def test_a_secret_value_is_hidden_wherever_the_chart_has_put_it(cluster: MemoryCluster, keyring: Keyring):
    change(cluster, as_helm_has_it({**SETTINGS, "data": {"url": "db://me:hunter2@db"}}, "shop", "shop"))
    sealed = Sealed(name="password", ciphertext=seal(keyring.public_key, b"hunter2"))
    asked = ReadObject(place=PLACE, kind="ConfigMap", name="settings", secrets=(sealed,))
    found = await Objects(cluster, keyring)(asked)
    assert found.manifest["data"] == {"url": f"db://me:{HIDDEN}@db"}


@pytest.mark.parametrize(
    ("kind", "name", "version"),
    [("ConfigMap", "others", None), ("Service", "settings", None), ("ConfigMap", "settings", "v2")],
)
async def test_what_the_release_does_not_have_is_not_looked_for(
    cluster: MemoryCluster, keyring: Keyring, kind: str, name: str, version: str | None
):
    change(cluster, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})
    with pytest.raises(OperationFailed) as refused:
        await look(cluster, keyring, kind, name, version)
    assert refused.value.failure.code == "not_found"


async def test_an_object_that_a_manifest_names_and_somebody_else_owns_is_not_shown(
    cluster: MemoryCluster, keyring: Keyring
):
    change(cluster, as_helm_has_it(SETTINGS, "somebody", "else"))
    with pytest.raises(OperationFailed, match="there is no ConfigMap settings"):
        await look(cluster, keyring, "ConfigMap", "settings")


async def test_somebody_elses_namespace_is_not_looked_into(cluster: MemoryCluster, keyring: Keyring):
    cluster.namespaces["shop"] = Namespace(
        name="shop", uid="1", installation=str(PLACE.installation), deployment=str(uuid4()), tenant="laid"
    )
    with pytest.raises(OperationFailed) as refused:
        await look(cluster, keyring, "Pod", "web-0")
    assert refused.value.failure.code == "namespace_foreign"
    assert "find" not in cluster.calls


async def test_a_pod_is_shown(cluster: MemoryCluster, keyring: Keyring):
    change(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-0"}, "spec": {"nodeName": "n"}})
    assert (await look(cluster, keyring, "pod", "web-0")).manifest["spec"] == {"nodeName": "n"}


async def test_long_texts_are_cut_and_what_is_larger_than_a_message_is_only_named(
    cluster: MemoryCluster, keyring: Keyring
):
    change(cluster, as_helm_has_it({**SETTINGS, "data": {"page": "x" * (LONGEST_TEXT + 1)}}, "shop", "shop"))
    found = await look(cluster, keyring, "ConfigMap", "settings")
    assert found.manifest["data"] == {"page": "x" * LONGEST_TEXT + "…"}
    assert found.shortened
    many = {str(key): "x" * LONGEST_TEXT for key in range(64)}
    change(cluster, as_helm_has_it({**SETTINGS, "data": many}, "shop", "shop"))
    found = await look(cluster, keyring, "ConfigMap", "settings")
    assert found.manifest == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}}
    assert found.shortened

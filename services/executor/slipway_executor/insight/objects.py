"""One live object of a release as the cluster holds it: without secrets, and without what only machines read."""

import msgspec

from slipway.messaging.queries import ObjectRead, ReadObject
from slipway_executor.cluster.port import Cluster, Object
from slipway_executor.failing import terminal
from slipway_executor.insight.places import deployed
from slipway_executor.masking import HIDDEN, Masker, each_text
from slipway_executor.sealing import Keyring

LONGEST_TEXT = 16 * 1024
LONGEST = 512 * 1024
"""Bytes of one answer: NATS carries 1 MiB."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Objects:
    """Shows what the release owns and the pods of its namespace, nothing else."""

    def __init__(self, cluster: Cluster, keyring: Keyring) -> None:
        self._cluster = cluster
        self._keyring = keyring

    async def __call__(self, asked: ReadObject) -> ObjectRead:
        live = await self._live(asked)
        if live is None:
            raise terminal("not_found", f"there is no {asked.kind} {asked.name} of this deployment")
        masker = Masker(self._keyring.open(asked.secrets).values())
        return shown(live, masker)

    async def _live(self, asked: ReadObject) -> Object | None:
        place = asked.place
        record = await deployed(self._cluster, place)
        if asked.kind.lower() == "pod":
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": asked.name}}
            return await self._cluster.find(pod, place.namespace)
        manifest = await self._cluster.manifest(place.namespace, place.release, record.revision)
        for item in manifest:
            if _is_meant(item, asked):
                live = await self._cluster.find(item, place.namespace)
                return live if live and _owner(live) == (place.release, place.namespace) else None
        return None


def shown(live: Object, masker: Masker) -> ObjectRead:
    """Return the object as people may read it; `shortened` when it is too long for that."""
    whole = masker.texts(_readable(live))
    short = each_text(whole, _cut)
    if len(msgspec.json.encode(short)) > LONGEST:
        meta = {
            key: live["metadata"][key] for key in ("name", "namespace", "creationTimestamp") if key in live["metadata"]
        }
        return ObjectRead(
            manifest={"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": meta}, shortened=True
        )
    return ObjectRead(manifest=short, shortened=short != whole)


def _is_meant(item: Object, asked: ReadObject) -> bool:
    named = item["kind"].lower() == asked.kind.lower() and item["metadata"]["name"] == asked.name
    return named and asked.api_version in (None, item["apiVersion"])


def _owner(live: Object) -> tuple[str | None, str | None]:
    """Return the release and namespace that Helm's marks name: a manifest may name objects that it never owned."""
    marks = live["metadata"].get("annotations") or {}
    return marks.get("meta.helm.sh/release-name"), marks.get("meta.helm.sh/release-namespace")


def _readable(live: Object) -> Object:
    meta = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    if notes := meta.get("annotations"):
        meta["annotations"] = {key: value for key, value in notes.items() if key != LAST_APPLIED}
    hidden = {key: dict.fromkeys(live[key], HIDDEN) for key in ("data", "stringData") if live.get(key)}
    first = {"apiVersion": live["apiVersion"], "kind": live["kind"]}
    return {**first, **live, "metadata": meta, **(hidden if live["kind"] == "Secret" else {})}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"

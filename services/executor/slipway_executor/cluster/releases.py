"""Helm's stored releases: Secrets whose labels say the status and whose data holds the release, gzipped, in base64 twice."""

import base64
import gzip
from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from slipway_executor.cluster.port import Object, ReleaseRecord
from slipway_executor.failing import terminal

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

GENERATION_LABEL = "slipway-gen"
DIGEST_LABEL = "slipway-digest"
FENCE_LABEL = "slipway-fence"


def secret_name(release: str, revision: int) -> str:
    return f"sh.helm.release.v1.{release}.v{revision}"


def record(labels: Mapping[str, str]) -> ReleaseRecord:
    """Return the revision that a release Secret's labels describe. A label of ours that is no number counts as absent."""
    return ReleaseRecord(
        revision=int(labels.get("version", "0")),
        status=labels.get("status", "unknown"),
        generation=_number(labels.get(GENERATION_LABEL)),
        digest=labels.get(DIGEST_LABEL),
        fence=_number(labels.get(FENCE_LABEL)),
    )


def decode(secret: Object) -> dict[str, Any]:
    """Return the stored release."""
    return msgspec.json.decode(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))


def objects_of(manifest: str) -> list[Object]:
    """Return the objects of a rendered manifest; OperationFailed when it is no YAML."""
    try:
        documents = list(yaml.load_all(manifest, Loader=_LOADER))
    except yaml.YAMLError as error:
        raise terminal("template_failed", "the chart renders something that is no YAML") from error
    found = [document for document in documents if isinstance(document, dict) and document.get("kind")]
    return [item for document in found for item in (document["items"] if document["kind"] == "List" else [document])]


def as_failed(secret: Object) -> Object:
    """Return the Secret with its release marked failed, in the label and in the data; all else as it was."""
    stored = decode(secret)
    stored["info"]["status"] = "failed"
    stored["info"]["description"] = "the operation that made this revision was interrupted"
    packed = base64.b64encode(base64.b64encode(gzip.compress(msgspec.json.encode(stored)))).decode()
    meta = secret["metadata"]
    kept = {
        key: meta[key]
        for key in ("name", "namespace", "resourceVersion", "annotations", "ownerReferences")
        if key in meta
    }
    labels = {**meta.get("labels", {}), "status": "failed"}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": secret["type"],
        "metadata": {**kept, "labels": labels},
        "data": {**secret["data"], "release": packed},
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None

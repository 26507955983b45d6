"""Helm's stored releases: Secrets whose labels say the status and whose data holds the release, gzipped, in base64 twice."""

import base64
import gzip
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from yaml import YAMLError

from slipway_executor.cluster import yaml
from slipway_executor.cluster.port import Object, ReleaseRecord
from slipway_executor.failing import terminal

GENERATION_LABEL = "slipway-gen"
DIGEST_LABEL = "slipway-digest"
FENCE_LABEL = "slipway-fence"
UNPACKED_LIMIT = 64 * 1024 * 1024
"""Of a record, which is a Secret of 1 MiB at most: several times what a chart may render."""


def secret_name(release: str, revision: int) -> str:
    return f"sh.helm.release.v1.{release}.v{revision}"


def record(labels: Mapping[str, str]) -> ReleaseRecord | None:
    """Return the revision that a release Secret's labels describe; None where they name none: Helm did not write it.

    A label of ours that is no number counts as absent.
    """
    revision = _number(labels.get("version"))
    if revision is None:
        return None
    return ReleaseRecord(
        revision=revision,
        status=labels.get("status", "unknown"),
        generation=_number(labels.get(GENERATION_LABEL)),
        digest=labels.get(DIGEST_LABEL),
        fence=_number(labels.get(FENCE_LABEL), digits=18),
    )


def decode(secret: Object) -> dict[str, Any]:
    """Return the stored release. OperationFailed when it cannot be read: the tenant's own chart may write into it."""
    try:
        packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
        stream = zlib.decompressobj(wbits=31)
        found = msgspec.json.decode(stream.decompress(packed, UNPACKED_LIMIT))
        if not stream.eof or not isinstance(found.get("manifest", ""), str) or not isinstance(found["info"], dict):
            raise ValueError("it is no whole release")
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error, msgspec.DecodeError, RecursionError) as error:
        raise terminal("record_unreadable", "Helm's record of the release cannot be read") from error
    return found


def encode(stored: Mapping[str, Any]) -> str:
    """Return a release as a Secret's data holds it."""
    return base64.b64encode(base64.b64encode(gzip.compress(msgspec.json.encode(stored)))).decode()


def objects_of(manifest: str) -> list[Object]:
    """Return the objects of a rendered manifest, those in lists by themselves; OperationFailed when it is none."""
    try:
        documents = list(yaml.load_all(manifest))
    except YAMLError as error:
        raise terminal("template_failed", "the chart renders something that is no YAML") from error
    found = [document for document in documents if isinstance(document, dict) and document.get("kind")]
    return [item for document in found for item in _opened(document)]


def _opened(document: Any, within: Object | None = None) -> Iterator[Object]:
    """Yield what Helm makes of a document: whatever has `items` is a list, whose items may leave their kind to it."""
    if not isinstance(document, dict):
        raise terminal("template_failed", "the chart renders a list of something that is no object")
    if within and not document.get("kind"):
        kind = str(within["kind"]).removesuffix("List")
        document = {**document, "kind": kind, "apiVersion": within.get("apiVersion")}
    if "items" in document and isinstance(document["items"], list | None):
        for item in document["items"] or []:
            yield from _opened(item, within=document)
    elif missing := [field for field in ("kind", "apiVersion") if not document.get(field)]:
        raise terminal("template_failed", f"the chart renders an object without {missing[0]}")
    elif not isinstance(meta := document.get("metadata"), dict) or not meta.get("name"):
        raise terminal("template_failed", f"the chart renders a {document['kind']} without a name")
    else:
        yield document


def as_failed(secret: Object) -> Object:
    """Return the Secret with its release marked failed, in the label and in the data; all else as it was."""
    stored = decode(secret)
    stored["info"]["status"] = "failed"
    stored["info"]["description"] = "the operation that made this revision was interrupted"
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
        "data": {**secret["data"], "release": encode(stored)},
    }


def _number(text: str | None, *, digits: int = 9) -> int | None:
    """Return what a column holds of so many digits."""
    return int(text) if text and text.isdecimal() and len(text) <= digits else None

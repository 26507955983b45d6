"""What proves that a chart archive is the one that a digest names: of its OCI manifest, or of itself for https and uploads."""

import hashlib
from typing import Any

import msgspec

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def layer_of(manifest: bytes) -> str | None:
    """Return the digest of the chart's archive as an OCI manifest names it; None when that is no chart's."""
    try:
        layers: list[dict[str, Any]] = msgspec.json.decode(manifest)["layers"]
        found = [str(layer["digest"]) for layer in layers if layer["mediaType"] == CHART_LAYER]
    except (msgspec.DecodeError, KeyError, TypeError):
        return None
    return found[0] if found else None


def is_named_by(digest: str, *, manifest: bytes, archive: bytes) -> bool:
    """Tell whether this is the archive; `manifest` is empty where the digest is of the archive itself."""
    if not manifest:
        return digest_of(archive) == digest
    return digest_of(manifest) == digest and layer_of(manifest) == digest_of(archive)

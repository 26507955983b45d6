"""Container images of one static program, made from its file and pushed to the local registry: no engine, no pull."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import httpx
import msgspec

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
NOBODY = "65532:65532"


async def push_program(registry: str, name: str, program: Path, *, environment: Mapping[str, str] | None = None) -> str:
    """Push an image that runs `program` as nobody; `name` is `repository:tag`. Return the reference to pull it by."""
    repository, _, tag = name.partition(":")
    tar = _tar(program)
    layer = gzip.compress(tar, mtime=0)
    config = msgspec.json.encode(
        {
            "architecture": "amd64" if _is_amd64(program) else "arm64",
            "os": "linux",
            "config": {
                "Entrypoint": [f"/{program.name}"],
                "User": NOBODY,
                "Env": [f"{key}={value}" for key, value in (environment or {}).items()],
            },
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
        }
    )
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": _digest(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": _digest(layer), "size": len(layer)}],
    }
    async with httpx.AsyncClient(base_url=f"http://{registry}", trust_env=False, timeout=60) as http:
        for blob in (layer, config):
            begun = await http.post(f"/v2/{repository}/blobs/uploads/")
            begun.raise_for_status()
            place = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": _digest(blob)})
            (await http.put(place, content=blob)).raise_for_status()
        kind = {"Content-Type": MANIFEST}
        put = await http.put(f"/v2/{repository}/manifests/{tag}", content=msgspec.json.encode(manifest), headers=kind)
        put.raise_for_status()
    return f"{registry}/{name}"


def _tar(program: Path) -> bytes:
    content, packed = program.read_bytes(), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(program.name)
        entry.mode, entry.size = 0o755, len(content)
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _is_amd64(program: Path) -> bool:
    """Read the machine from the header of an ELF file: 62 is x86-64."""
    with program.open("rb") as file:
        return file.read(20)[18] == 62


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"

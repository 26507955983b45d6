"""The Go programs of the embedded cluster: built once for a version of their sources, then kept in the user's cache."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from slipway.dev.process import ServerError

KUBERNETES = "v1.37.2"
HELM = "v4.3.1"
_KUBE_VERSION = (
    f"-X k8s.io/component-base/version.gitVersion={KUBERNETES}"
    " -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"
)
TARGETS = {
    "devcluster": (".", _KUBE_VERSION),
    "helm": ("helm.sh/helm/v4/cmd/helm", f"-X helm.sh/helm/v4/internal/version.version={HELM}"),
    "kubectl": ("k8s.io/kubernetes/cmd/kubectl", _KUBE_VERSION),
}
"""Program: the package that it is built from, and the version that is linked in (Kubernetes says v0.0.0 otherwise)."""


class Binaries(msgspec.Struct, frozen=True, kw_only=True):
    devcluster: Path
    helm: Path
    kubectl: Path


async def ensure_binaries(say: Callable[[str], None] = print) -> Binaries:
    """Return the programs, building those that are not in the cache. `say` hears a line every few seconds."""
    folder = cache_folder()
    binaries = Binaries(**{name: folder / name for name in TARGETS})
    if all((folder / name).exists() for name in TARGETS):
        return binaries
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        started = time.monotonic()
        for name in TARGETS:
            if not (folder / name).exists():
                await _build(name, folder, say)
        say(f"embedded control plane built in {time.monotonic() - started:.0f} s, kept in {folder}")
    return binaries


def cache_folder() -> Path:
    """Return the folder for this version of the sources, under XDG_CACHE_HOME or ~/.cache."""
    digest = hashlib.sha256(repr(TARGETS).encode())
    for path in [*sorted(_sources().glob("*.go")), _sources() / "go.mod", _sources() / "go.sum"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "slipway" / "devcluster" / digest.hexdigest()[:16]


async def _build(name: str, folder: Path, say: Callable[[str], None]) -> None:
    package, version = TARGETS[name]
    fresh = folder / f".{name}.new"
    argv = [_go(), "build", "-trimpath", "-ldflags", f"-s -w {version}", "-o", str(fresh), package]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false -mod=readonly", "GOTOOLCHAIN": "local"}
    environment.pop("GOROOT", None)
    build = await asyncio.create_subprocess_exec(
        *argv, cwd=_sources(), env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    telling = asyncio.create_task(_tell(name, say))
    try:
        output, _ = await build.communicate()
    except asyncio.CancelledError:
        build.kill()
        raise
    finally:
        telling.cancel()
    if build.returncode:
        raise ServerError(f"building {name} failed:\n{output.decode(errors='replace')[-2000:]}")
    fresh.rename(folder / name)


async def _tell(name: str, say: Callable[[str], None]) -> None:
    started = time.monotonic()
    while True:
        say(f"building {name}: {time.monotonic() - started:.0f} s (once; about six minutes for all on two cores)")
        await asyncio.sleep(15)


def _sources() -> Path:
    """The Go module lies in the checkout beside the packages: an embedded cluster is for developing from source."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "deploy" / "devcluster" / "go.mod").exists():
        raise ServerError("the embedded cluster is built from a checkout of Slipway; set KUBECONFIG and use --external")
    return root / "deploy" / "devcluster"


def _go() -> str:
    """The pinned toolchain of the wheel first: the machine's own may be older than the modules ask for."""
    beside = Path(sys.executable).parent / "go"
    found = str(beside) if beside.exists() else shutil.which("go")
    if not found:
        raise ServerError("no Go toolchain: pip install 'slipway[dev]'")
    return found

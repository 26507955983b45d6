"""The Go programs: built once for a version of their module's sources, then kept in the user's cache."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
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
ENGINE_TARGETS = {"helm-engine": (".", f"-X helm.sh/helm/v4/internal/version.version={HELM}")}
MODULES = {"deploy/devcluster": TARGETS, "services/executor/helm-engine": ENGINE_TARGETS}
"""Go modules of the checkout, with their programs. The engine's packages are the other module's: built after it, it is quick."""


REAL_NODE = "deploy/realnode"
REAL_NODE_TARGETS = {"realnode": (".", _KUBE_VERSION), "pause": ("./pause", ""), "hello": ("./hello", "")}
"""What only a real node needs: built when one is asked for, by itself, as long as all the others together."""


class Binaries(msgspec.Struct, frozen=True, kw_only=True):
    devcluster: Path
    helm: Path
    kubectl: Path
    helm_engine: Path


class RealNodeBinaries(msgspec.Struct, frozen=True, kw_only=True):
    realnode: Path
    pause: Path
    hello: Path


async def ensure_binaries(say: Callable[[str], None] = print) -> Binaries:
    """Return the programs, building those that are not in the cache. `say` hears a line every few seconds."""
    places: dict[str, Path] = {}
    for module, targets in MODULES.items():
        places |= await _ensure(module, targets, say)
    return Binaries(**{name.replace("-", "_"): place for name, place in places.items()})


async def ensure_real_node(say: Callable[[str], None] = print) -> RealNodeBinaries:
    """Return the programs of a real node, likewise."""
    return RealNodeBinaries(**await _ensure(REAL_NODE, REAL_NODE_TARGETS, say))


def real_node_is_built() -> bool:
    """Tell whether a real node would start without building anything."""
    folder = cache_folder(REAL_NODE, REAL_NODE_TARGETS)
    return all((folder / name).exists() for name in REAL_NODE_TARGETS)


def cache_folder(module: str, targets: Mapping[str, tuple[str, str]]) -> Path:
    """Return the folder for this version of a module's sources, under XDG_CACHE_HOME or ~/.cache."""
    sources = sources_of(module)
    digest = hashlib.sha256(repr(targets).encode())
    compiled = (path for path in sources.rglob("*.go") if not path.name.endswith("_test.go"))
    for path in [*sorted(compiled), sources / "go.mod", sources / "go.sum"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "slipway" / sources.name / digest.hexdigest()[:16]


async def go(command: str, *arguments: str, sources: Path) -> asyncio.subprocess.Process:
    """Start the Go toolchain on a module, with what it has compiled already; all that it prints is one stream."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    environment["GOFLAGS"] = "-buildvcs=false -mod=readonly -trimpath"
    environment.pop("GOROOT", None)
    return await asyncio.create_subprocess_exec(
        _go(), command, *arguments,
        cwd=sources, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def _ensure(module: str, targets: Mapping[str, tuple[str, str]], say: Callable[[str], None]) -> dict[str, Path]:
    folder = cache_folder(module, targets)
    places = {name: folder / name for name in targets}
    if not all(place.exists() for place in places.values()):
        await _build_module(module, targets, folder, say)
    return places


async def _build_module(
    module: str, targets: Mapping[str, tuple[str, str]], folder: Path, say: Callable[[str], None]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        started = time.monotonic()
        for name, (package, version) in targets.items():
            if not (folder / name).exists():
                await _build(name, package, version, sources_of(module), folder, say)
        say(f"{', '.join(targets)} built in {time.monotonic() - started:.0f} s, kept in {folder}")


async def _build(
    name: str, package: str, version: str, sources: Path, folder: Path, say: Callable[[str], None]
) -> None:
    fresh = folder / f".{name}.new"
    flags = ["-ldflags", f"-s -w {version}", "-o", str(fresh)]
    build = await go("build", *flags, package, sources=sources)
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
        say(f"building {name}: {time.monotonic() - started:.0f} s (once; six to ten minutes for all on two cores)")
        await asyncio.sleep(15)


def sources_of(module: str) -> Path:
    """The Go modules lie in the checkout beside the packages: an embedded cluster is for developing from source."""
    root = Path(__file__).resolve().parents[3]
    if not (root / module / "go.mod").exists():
        raise ServerError("the embedded cluster is built from a checkout of Slipway; set KUBECONFIG and use --external")
    return root / module


def _go() -> str:
    """The pinned toolchain of the wheel first: the machine's own may be older than the modules ask for."""
    beside = Path(sys.executable).parent / "go"
    found = str(beside) if beside.exists() else shutil.which("go")
    if not found:
        raise ServerError("no Go toolchain: pip install 'slipway[dev]'")
    return found

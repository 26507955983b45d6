"""Rung c: small releases installed, upgraded and removed, several at a time: the warm engine beside processes of Helm."""

import asyncio
import tarfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from bench.cpu import used_by_children
from bench.figures import Figure, Result, Say, in_turn
from bench.servers import folder
from slipway.dev.build import Binaries, ensure_binaries
from slipway.dev.cluster import start_cluster, stop_cluster
from slipway.dev.samples import CHART
from slipway_executor.helm.engine.adapter import HelmEngine, engine_helm
from slipway_executor.helm.port import Deadline, Release
from slipway_executor.helm.process import HelmProcess

RUNG = "c"
WITHIN_SEC = 300.0
NO_VALIDATION = "--disable-openapi-validation"
HELM, HELM_NO_VALIDATION, ADAPTER = "helm", f"helm {NO_VALIDATION}", "the process adapter"
STEPS = ("install", "upgrade", "uninstall")


class Size(msgspec.Struct, frozen=True, kw_only=True):
    runs: int = 5
    releases: int = 40
    slots: int = 4


TINY = Size(runs=1, releases=2, slots=2)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What doing one thing to all releases once took."""

    cpu_ms: float
    """Of child processes, for one release."""
    per_sec: float
    """Releases in a second of wall time."""


Round = dict[str, Step]
Do = Callable[[Release], Awaitable[object]]


class Ways:
    """The ways to run Helm; each does a step to one release."""

    def __init__(self, binaries: Binaries, kubeconfig: Path, work: Path, *, slots: int) -> None:
        self._binaries = binaries
        self._environment = {"PATH": "/usr/bin:/bin", "HOME": str(work), "KUBECONFIG": str(kubeconfig)}
        config = str(kubeconfig)
        self.engine: HelmEngine = engine_helm(
            str(binaries.helm_engine), kubeconfig=config, work=work, idle=slots, qps=100
        )
        self._process = HelmProcess(str(binaries.helm), kubeconfig=config, work=work)

    def steps(self, way: str) -> dict[str, Do]:
        """Return how a way installs, upgrades and uninstalls."""
        if way in (HELM, HELM_NO_VALIDATION):
            flags = [NO_VALIDATION] if way == HELM_NO_VALIDATION else []
            return {
                "install": lambda release: self._plain("install", release, flags),
                "upgrade": lambda release: self._plain("upgrade", release, flags),
                "uninstall": lambda release: self.run(
                    self._binaries.helm, "uninstall", release.name, "-n", release.namespace
                ),
            }
        adapter = self._process if way == ADAPTER else self.engine

        async def apply(release: Release) -> None:
            await adapter.apply(release, within())

        async def uninstall(release: Release) -> None:
            await adapter.uninstall(release.name, release.namespace, within())

        return {"install": apply, "upgrade": apply, "uninstall": uninstall}

    async def namespace(self, name: str) -> None:
        await self.run(self._binaries.kubectl, "create", "namespace", name)

    async def _plain(self, verb: str, release: Release, flags: list[str]) -> None:
        place = (release.name, str(release.chart), "--namespace", release.namespace)
        greeting = f"user.greeting={release.values['user']['greeting']}"
        await self.run(self._binaries.helm, verb, *place, "--set", greeting, *flags)

    async def run(self, *argv: str | Path) -> None:
        child = await asyncio.create_subprocess_exec(
            *argv, env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await child.communicate()
        if child.returncode:
            raise RuntimeError(output.decode())


class Bench:
    def __init__(self, ways: Ways, chart: Path, size: Size) -> None:
        self._ways = ways
        self._chart = chart
        self._names = [f"bench-{number}" for number in range(size.releases)]
        self._slots = size.slots
        self._serial = 0

    async def prepare(self) -> None:
        for name in self._names:
            await self._ways.namespace(name)

    async def once(self, way: str) -> Round:
        """Install all releases, give them new values, and remove them."""
        steps = self._ways.steps(way)
        return {name: await self._all(steps[name]) for name in STEPS}

    async def _all(self, step: Do) -> Step:
        self._serial += 1
        waiting = [self._release(name) for name in self._names]
        cpu, started = self._cpu(), time.monotonic()

        async def slot() -> None:
            while waiting:
                await step(waiting.pop())

        await asyncio.gather(*(slot() for _ in range(self._slots)))
        count = len(self._names)
        return Step(cpu_ms=(self._cpu() - cpu) * 1000 / count, per_sec=count / (time.monotonic() - started))

    def _cpu(self) -> float:
        return used_by_children(self._ways.engine.pids)

    def _release(self, name: str) -> Release:
        values = {"user": {"replicas": 1, "greeting": f"Hello {self._serial}"}}
        return Release(
            name=name, namespace=name, chart=self._chart, values=values, labels={"slipway-gen": str(self._serial)}
        )


def within() -> Deadline:
    return Deadline(time.clock_gettime(time.CLOCK_BOOTTIME) + WITHIN_SEC)


async def measure(size: Size, say: Say) -> Result:
    binaries = await ensure_binaries(say)
    async with folder() as state:
        cluster = await start_cluster(state, binaries)
        try:
            ways = Ways(binaries, cluster.kubeconfig, state, slots=size.slots)
            bench = Bench(ways, _packed(state), size)
            await bench.prepare()
            await bench.once("engine")  # so that it is warm, as it is in an executor
            named = ("engine", ADAPTER, HELM_NO_VALIDATION, HELM)
            found = await in_turn(size.runs, {way: lambda way=way: bench.once(way) for way in named}, say)
            await ways.engine.close()
        finally:
            await stop_cluster(state, cluster)
    return Result(
        rung=RUNG,
        what=f"{size.releases} releases of a small chart, {size.slots} at a time, {size.runs} runs in turn on one cluster",
        figures=[
            _cpu(found, "upgrade", HELM, 10.0),
            _cpu(found, "upgrade", HELM_NO_VALIDATION, 5.0),
            _cpu(found, "upgrade", ADAPTER, 5.0),
            *(_rate(found, "upgrade", way, 3.0) for way in (HELM, HELM_NO_VALIDATION, ADAPTER)),
            *(_cpu(found, step, HELM, None) for step in ("install", "uninstall")),
            *(_rate(found, step, HELM, None) for step in ("install", "uninstall")),
        ],
    )


def _packed(work: Path) -> Path:
    path = work / "hello.tgz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(CHART, "hello")
    return path


def _cpu(found: dict[str, list[Round]], step: str, beside: str, aim: float | None) -> Figure:
    ours, theirs = ([each[step].cpu_ms for each in found[way]] for way in ("engine", beside))
    return Figure(name=f"client CPU of an {step}", unit="ms", ours=ours, beside=beside, theirs=theirs, aim=aim)


def _rate(found: dict[str, list[Round]], step: str, beside: str, aim: float | None) -> Figure:
    ours, theirs = ([each[step].per_sec for each in found[way]] for way in ("engine", beside))
    return Figure(name=f"{step}s", unit="/s", ours=ours, beside=beside, theirs=theirs, better="more", aim=aim)

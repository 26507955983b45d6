"""The executor's composition root."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import structlog

from slipway import failpoints, loop, telemetry
from slipway.clock import SystemClock
from slipway.domain.charts import Registries
from slipway.health import Check, serve
from slipway.identity import new_id
from slipway.lifecycle import Ticker, first_of, stop_signal
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, connection_check
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.queries import (
    DRIFT,
    INSPECT,
    LEASES,
    LOGS,
    NAMESPACES,
    NOTES,
    OBJECT,
    PREVIEW,
    RESEAL,
    RESOLVE,
    RESOURCES,
    ROTATE,
)
from slipway.settings import SettingsError, load, warn_of_unknown
from slipway.telemetry import tracing
from slipway_executor.charts.fetch import ChartClient
from slipway_executor.charts.keeper import Keeper
from slipway_executor.charts.store import ChartStore
from slipway_executor.cluster.kubernetes import connect
from slipway_executor.cluster.port import Cluster
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.failing import OperationFailed
from slipway_executor.fence import Terms
from slipway_executor.helm.bounded import BoundedHelm
from slipway_executor.helm.engine.adapter import engine_helm
from slipway_executor.helm.observed import ObservedHelm
from slipway_executor.helm.port import Helm
from slipway_executor.helm.process import HelmProcess
from slipway_executor.helm.witnessed import WitnessedHelm
from slipway_executor.insight.charts import Inspecting, Resolving
from slipway_executor.insight.drift import Drifting
from slipway_executor.insight.keys import Resealing, Rotating
from slipway_executor.insight.leases import Leases
from slipway_executor.insight.logs import Logs
from slipway_executor.insight.namespaces import Namespaces
from slipway_executor.insight.notes import Notes
from slipway_executor.insight.objects import Objects
from slipway_executor.insight.preview import Previewing
from slipway_executor.insight.resources import Resources
from slipway_executor.progress import INTERVAL_SEC as PROGRESS_SEC
from slipway_executor.progress import ProgressTeller
from slipway_executor.queries import Handler, Queries
from slipway_executor.reconcile.loop import Reconciler
from slipway_executor.reserving import Reserving
from slipway_executor.sealing import KEY_SECRET, RELOAD_SEC, Keyring, keyring
from slipway_executor.settings import ExecutorSettings
from slipway_executor.telling import tell_helm_memory
from slipway_executor.worker import Worker

log = structlog.get_logger()

GROUP = "executors"
RETRY_SEC = 2.0
NO_ENGINE = "off"


def main() -> None:
    """Run one executor until a signal stops it."""
    telemetry.start("executor", os.environ)
    try:
        warn_of_unknown(ExecutorSettings, os.environ)
        settings = load(ExecutorSettings, os.environ)
    except SettingsError as error:
        sys.exit(f"slipway-executor: {error}")
    failpoints.arm(settings.failpoints)
    loop.run(_serve(settings))


async def _serve(settings: ExecutorSettings) -> None:
    stop = stop_signal()
    broker = JetStreamBroker(settings.nats_url, name=f"slipway-executor-{settings.cluster}", ca=settings.nats_ca)
    opened: asyncio.Future[KubernetesCluster] = asyncio.get_running_loop().create_future()

    async def kubernetes() -> None:
        await opened.result().ready()  # raises until the cluster has given its key

    try:
        async with serving(settings, broker, kubernetes), AsyncExitStack() as held:
            if found := await _open(settings, held, stop):
                cluster, key = found
                opened.set_result(cluster)
                await _work(settings, broker, cluster, key, stop)
    finally:
        await broker.close()
        tracing.close()


@asynccontextmanager
async def serving(settings: ExecutorSettings, broker: Broker, kubernetes: Check) -> AsyncGenerator[None]:
    """Serve health and metrics while the context is open: without a cluster too, as a process that listens is not killed."""
    checks: dict[str, Check] = {
        "nats": connection_check(broker),
        "kubernetes": kubernetes,
        "helm": partial(_helm_is_there, settings.helm_engine, settings.helm),
    }
    ended = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(checks, host=settings.http_host, port=settings.http_port, stop=ended))
        try:
            yield
        finally:
            ended.set()


async def _open(
    settings: ExecutorSettings, held: AsyncExitStack, stop: asyncio.Event
) -> tuple[KubernetesCluster, Keyring] | None:
    """Return the cluster, open while `held` is, and its key as soon as it gives it; None when it is time to stop.

    Each try reads the kubeconfig again: a wrong one may have been replaced.
    """
    while not stop.is_set():
        async with AsyncExitStack() as trying:
            try:
                connecting = connect(settings.kubeconfig, request_sec=Terms(gone_sec=settings.lease_sec).request_sec)
                cluster = KubernetesCluster(await trying.enter_async_context(connecting))
                key = await keyring(cluster)
            except OperationFailed as error:
                log.warning("cluster_not_ready", code=error.failure.code, reason=error.failure.reason)
            else:
                await held.enter_async_context(trying.pop_all())
                return cluster, key
        await first_of(asyncio.sleep(RETRY_SEC), stop.wait())
    return None


async def _work(
    settings: ExecutorSettings, broker: Broker, cluster: KubernetesCluster, key: Keyring, stop: asyncio.Event
) -> None:
    """Run an executor of this cluster until `stop` is set."""
    cache = Path(settings.cache_dir or Path.home() / ".cache" / "slipway")
    registries = Registries.parse(settings.registries)
    tell_helm_memory()
    with tempfile.TemporaryDirectory(prefix="slipway-executor-") as work:
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(15.0), follow_redirects=False, trust_env=False) as http,
            choose_helm(settings, cluster, Path(work)) as helm,
        ):
            charts = ChartStore(
                ChartClient(http, trusted=registries.hosts),
                cache=cache / "charts",
                builtin=Path(settings.builtin_charts or _builtin_charts()),
                registries=registries,
                keyring=key,
                keeper=Keeper(broker, settings.cluster),
            )
            await run(settings, broker, cluster, helm, charts, key, stop)


async def run(
    settings: ExecutorSettings,
    broker: Broker,
    cluster: KubernetesCluster,
    helm: Helm,
    charts: ChartStore,
    key: Keyring,
    stop: asyncio.Event,
) -> None:
    """Run an executor's loops until `stop` is set; beats go on until the last job has ended."""
    clock = SystemClock()
    instance = f"executor-{new_id()}"
    reserving = Reserving(broker, clock, cluster=settings.cluster, instance=instance)
    worker = Worker(
        broker, cluster, Reconciler(cluster, helm, charts, key, clock, reserving), clock,
        name=settings.cluster, instance=instance, slots=settings.slots, keyring=key,
        terms=Terms(gone_sec=settings.lease_sec),
    )  # fmt: skip
    worker.tell_metrics()
    stopped = asyncio.Event()
    beating = worker.beats(every_sec=settings.beat_sec)
    pulling = Ticker(worker.pull_once, interval=0.0, name="pull")
    telling = Ticker(
        ProgressTeller(broker, clock, lambda: worker.jobs).run_once, interval=PROGRESS_SEC, name="progress"
    )
    logs_of = Logs(cluster, broker)
    handlers: dict[str, Handler] = {
        RESOLVE: Resolving(charts),
        INSPECT: Inspecting(charts),
        PREVIEW: Previewing(cluster, helm, charts, key),
        DRIFT: Drifting(cluster),
        RESOURCES: Resources(cluster),
        OBJECT: Objects(cluster, key),
        NOTES: Notes(cluster, key),
        NAMESPACES: Namespaces(cluster),
        LOGS: logs_of,
        ROTATE: Rotating(cluster, key),
        RESEAL: Resealing(key),
        LEASES: Leases(cluster),
    }

    async def reload() -> None:
        key.load(await cluster.keep_secret(KEY_SECRET, key.stored))

    async def drain() -> None:
        await stop.wait()
        await asyncio.gather(worker.shut_down(), logs_of.close())
        stopped.set()

    async with asyncio.TaskGroup() as tasks:
        answers = partial(_answer, broker, settings.cluster, Queries(handlers), beating, stop)
        tasks.create_task(Ticker(answers, interval=0.0, name="answers").run(stop))
        tasks.create_task(beating.run(stopped))
        tasks.create_task(telling.run(stopped))
        tasks.create_task(Ticker(reload, interval=RELOAD_SEC, name="keys").run(stopped))
        tasks.create_task(pulling.run(stop))
        tasks.create_task(drain())


@asynccontextmanager
async def choose_helm(settings: ExecutorSettings, cluster: Cluster, work: Path) -> AsyncGenerator[Helm]:
    """Choose how Helm is run: by the warm engine when its program is there, else by a process for each operation."""
    async with _adapter(settings, cluster, work) as helm:
        yield BoundedHelm(ObservedHelm(helm), at_once=settings.slots)


@asynccontextmanager
async def _adapter(settings: ExecutorSettings, cluster: Cluster, work: Path) -> AsyncGenerator[Helm]:
    program = shutil.which(settings.helm_engine) if settings.helm_engine != NO_ENGINE else None
    log.info("helm_chosen", engine=program or "", helm="" if program else settings.helm)
    if program is None:
        process = HelmProcess(
            settings.helm, kubeconfig=settings.kubeconfig, work=work, memory_mib=settings.helm_memory_mib
        )
        yield WitnessedHelm(process, cluster)
        return
    helm = engine_helm(
        program, kubeconfig=settings.kubeconfig, work=work, idle=settings.slots, qps=settings.helm_requests_per_second,
        memory_mib=settings.helm_memory_mib, request_sec=Terms(gone_sec=settings.lease_sec).request_sec,
    )  # fmt: skip
    try:
        yield helm
    finally:
        await helm.close()


async def _answer(broker: Broker, cluster: str, queries: Queries, beating: Ticker, stop: asyncio.Event) -> None:
    """Answer until `stop` is set; what NATS refuses meanwhile is raised, to be begun anew."""

    async def hinted(subject: str, data: bytes) -> None:  # noqa: ARG001 - a listener's signature
        beating.wake()

    async def answering() -> None:
        async with (
            broker.respond(subjects.queries(cluster), queries.answer, group=GROUP),
            broker.listen(subjects.control(cluster), hinted),
        ):
            beating.wake()
            await stop.wait()

    await first_of(answering(), stop.wait())  # NATS may not be there yet when it is time to stop


async def _helm_is_there(*programs: str) -> None:
    """Raise unless the engine or the Helm program can be started: without both no job can be done."""
    if not any(shutil.which(program) for program in programs):
        raise FileNotFoundError(" or ".join(programs))


def _builtin_charts() -> Path:
    """Return the charts in the package, or those of the checkout that it is installed from."""
    packaged = Path(__file__).parent / "builtin"
    return packaged if packaged.exists() else Path(__file__).resolve().parents[3] / "deploy" / "helm"

"""The executor's composition root."""

import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path

import httpx
import structlog

from slipway import failpoints, logs
from slipway.clock import SystemClock
from slipway.domain.charts import Registries
from slipway.health import Check, serve
from slipway.identity import new_id
from slipway.lifecycle import Ticker, first_of, stop_signal
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, connection_check
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.queries import DRIFT, LOGS, NOTES, PREVIEW, RESOLVE, RESOURCES
from slipway.settings import SettingsError, load
from slipway_executor.charts.fetch import ChartClient
from slipway_executor.charts.keeper import Keeper
from slipway_executor.charts.store import ChartStore
from slipway_executor.cluster.kubernetes import connect
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.failing import OperationFailed
from slipway_executor.helm.process import HelmProcess
from slipway_executor.insight.charts import Resolving
from slipway_executor.insight.drift import Drifting
from slipway_executor.insight.logs import Logs
from slipway_executor.insight.notes import Notes
from slipway_executor.insight.preview import Previewing
from slipway_executor.insight.resources import Resources
from slipway_executor.queries import Handler, Queries
from slipway_executor.reconcile.loop import Reconciler
from slipway_executor.sealing import Keyring, keyring
from slipway_executor.settings import ExecutorSettings
from slipway_executor.worker import BEAT_SEC, Worker

log = structlog.get_logger()

GROUP = "executors"
RETRY_SEC = 2.0


def main() -> None:
    """Run one executor until a signal stops it."""
    logs.configure("executor")
    try:
        settings = load(ExecutorSettings, os.environ)
        failpoints.arm(settings.failpoints)
    except (SettingsError, ValueError) as error:
        sys.exit(f"slipway-executor: {error}")
    asyncio.run(_serve(settings))


async def _serve(settings: ExecutorSettings) -> None:
    stop = stop_signal()
    cache = Path(settings.cache_dir or Path.home() / ".cache" / "slipway")
    broker = JetStreamBroker(settings.nats_url, name=f"slipway-executor-{settings.cluster}")
    timeout = httpx.Timeout(15.0)
    try:
        async with (
            connect(settings.kubeconfig) as api,
            httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False) as http,
        ):
            with tempfile.TemporaryDirectory(prefix="slipway-executor-") as work:
                cluster = KubernetesCluster(api)
                key = await _keyring(cluster, stop)
                if key is None:
                    return
                charts = ChartStore(
                    ChartClient(http),
                    cache=cache / "charts",
                    builtin=Path(settings.builtin_charts or _builtin_charts()),
                    registries=Registries.parse(settings.registries),
                    keyring=key,
                    keeper=Keeper(broker, settings.cluster),
                )
                helm = HelmProcess(settings.helm, kubeconfig=settings.kubeconfig, work=Path(work))
                await run(settings, broker, cluster, helm, charts, key, stop)
    finally:
        await broker.close()


async def run(
    settings: ExecutorSettings,
    broker: Broker,
    cluster: KubernetesCluster,
    helm: HelmProcess,
    charts: ChartStore,
    key: Keyring,
    stop: asyncio.Event,
) -> None:
    """Run an executor's loops until `stop` is set; beats go on until the last job has ended."""
    clock = SystemClock()
    instance = f"executor-{new_id()}"
    worker = Worker(
        broker, cluster, Reconciler(cluster, helm, charts, key, clock), clock,
        name=settings.cluster, instance=instance, slots=settings.slots, public_key=key.public_key,
    )  # fmt: skip
    stopped = asyncio.Event()
    beating = Ticker(worker.beat_once, interval=BEAT_SEC, name="beat")
    pulling = Ticker(worker.pull_once, interval=0.0, name="pull")
    logs_of = Logs(cluster, broker)
    handlers: dict[str, Handler] = {
        RESOLVE: Resolving(charts),
        PREVIEW: Previewing(cluster, helm, charts, key),
        DRIFT: Drifting(cluster),
        RESOURCES: Resources(cluster),
        NOTES: Notes(cluster),
        LOGS: logs_of,
    }
    checks: dict[str, Check] = {"nats": connection_check(broker), "kubernetes": cluster.ready}

    async def drain() -> None:
        await stop.wait()
        await asyncio.gather(worker.shut_down(), logs_of.close())
        stopped.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(checks, host=settings.http_host, port=settings.http_port, stop=stopped))
        tasks.create_task(_answer(broker, settings.cluster, Queries(handlers), beating, stop))
        tasks.create_task(beating.run(stopped))
        tasks.create_task(pulling.run(stop))
        tasks.create_task(drain())


async def _answer(broker: Broker, cluster: str, queries: Queries, beating: Ticker, stop: asyncio.Event) -> None:
    async def hinted(subject: str, data: bytes) -> None:  # noqa: ARG001 - a listener's signature
        beating.wake()

    async def answering() -> None:
        async with (
            broker.respond(subjects.queries(cluster), queries.answer, group=GROUP),
            broker.listen(subjects.control(cluster), hinted),
        ):
            beating.wake()
            await stop.wait()

    with contextlib.suppress(asyncio.CancelledError):
        await first_of(answering(), stop.wait())


async def _keyring(cluster: KubernetesCluster, stop: asyncio.Event) -> Keyring | None:
    """Return the cluster's key as soon as the cluster answers; None when it is time to stop."""
    while not stop.is_set():
        try:
            return await keyring(cluster)
        except OperationFailed as error:
            log.warning("cluster_not_ready", code=error.failure.code, reason=error.failure.reason)
            await first_of(asyncio.sleep(RETRY_SEC), stop.wait())
    return None


def _builtin_charts() -> Path:
    """Return the charts in the package, or those of the checkout that it is installed from."""
    packaged = Path(__file__).parent / "builtin"
    return packaged if packaged.exists() else Path(__file__).resolve().parents[3] / "deploy" / "helm"

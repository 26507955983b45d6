"""The executor's composition root."""

import asyncio
import contextlib
import os
import sys
import tempfile
from pathlib import Path

import httpx

from slipway import logs
from slipway.clock import SystemClock
from slipway.domain.charts import Registries
from slipway.health import Check, serve
from slipway.identity import new_id
from slipway.lifecycle import Ticker, first_of, stop_signal
from slipway.messaging import subjects
from slipway.messaging.broker import Broker, connection_check
from slipway.messaging.jetstream import JetStreamBroker
from slipway.messaging.queries import RESOLVE
from slipway.settings import SettingsError, load
from slipway_executor.charts.fetch import ChartClient
from slipway_executor.charts.store import ChartStore
from slipway_executor.cluster.kubernetes import connect
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.helm.process import HelmProcess
from slipway_executor.queries import Queries
from slipway_executor.reconcile.loop import Reconciler
from slipway_executor.settings import ExecutorSettings
from slipway_executor.worker import BEAT_SEC, Worker

GROUP = "executors"


def main() -> None:
    """Run one executor until a signal stops it."""
    logs.configure("executor")
    try:
        settings = load(ExecutorSettings, os.environ)
    except SettingsError as error:
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
                charts = ChartStore(
                    ChartClient(http),
                    cache=cache / "charts",
                    builtin=Path(settings.builtin_charts or _builtin_charts()),
                    registries=Registries.parse(settings.registries),
                )
                helm = HelmProcess(settings.helm, kubeconfig=settings.kubeconfig, work=Path(work))
                await run(settings, broker, KubernetesCluster(api), helm, charts, stop)
    finally:
        await broker.close()


async def run(
    settings: ExecutorSettings,
    broker: Broker,
    cluster: KubernetesCluster,
    helm: HelmProcess,
    charts: ChartStore,
    stop: asyncio.Event,
) -> None:
    """Run an executor's loops until `stop` is set; beats go on until the last job has ended."""
    clock = SystemClock()
    instance = f"executor-{new_id()}"
    worker = Worker(
        broker, cluster, Reconciler(cluster, helm, charts, clock), clock,
        name=settings.cluster, instance=instance, slots=settings.slots,
    )  # fmt: skip
    stopped = asyncio.Event()
    beating = Ticker(worker.beat_once, interval=BEAT_SEC, name="beat")
    pulling = Ticker(worker.pull_once, interval=0.0, name="pull")
    checks: dict[str, Check] = {"nats": connection_check(broker), "kubernetes": cluster.ready}

    async def drain() -> None:
        await stop.wait()
        await worker.shut_down()
        stopped.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(checks, host=settings.http_host, port=settings.http_port, stop=stopped))
        tasks.create_task(_answer(broker, settings.cluster, Queries(charts), beating, stop))
        tasks.create_task(beating.run(stopped))
        tasks.create_task(pulling.run(stop))
        tasks.create_task(drain())


async def _answer(broker: Broker, cluster: str, queries: Queries, beating: Ticker, stop: asyncio.Event) -> None:
    async def hinted(subject: str, data: bytes) -> None:  # noqa: ARG001 - a listener's signature
        beating.wake()

    async def answering() -> None:
        async with (
            broker.respond(subjects.query(cluster, RESOLVE), queries.resolve, group=GROUP),
            broker.listen(subjects.control(cluster), hinted),
        ):
            beating.wake()
            await stop.wait()

    with contextlib.suppress(asyncio.CancelledError):
        await first_of(answering(), stop.wait())


def _builtin_charts() -> Path:
    """Return the charts in the package, or those of the checkout that it is installed from."""
    packaged = Path(__file__).parent / "builtin"
    return packaged if packaged.exists() else Path(__file__).resolve().parents[3] / "deploy" / "helm"

"""A control plane of its own, and both ways to run Helm on it."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from slipway.dev.build import Binaries, ensure_binaries
from slipway.dev.cluster import start_cluster, stop_cluster
from slipway_executor.cluster.kubernetes import connect
from slipway_executor.cluster.real import KubernetesCluster
from slipway_executor.helm.engine.adapter import HelmEngine, engine_helm
from slipway_executor.helm.process import HelmProcess
from tests.helm.place import Place
from tests.support import servers


@pytest.fixture(scope="package")
async def binaries() -> Binaries:
    return await ensure_binaries()


@pytest.fixture(scope="package")
async def kubeconfig(binaries: Binaries) -> AsyncIterator[Path]:
    if external := os.environ.get("SLIPWAY_TEST_KUBECONFIG"):
        yield Path(external)
        return
    state = servers.state_folder()
    cluster = await start_cluster(state, binaries)
    try:
        yield cluster.kubeconfig
    finally:
        await stop_cluster(state, cluster)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="package")
async def cluster(kubeconfig: Path) -> AsyncIterator[KubernetesCluster]:
    async with connect(str(kubeconfig)) as api:
        yield KubernetesCluster(api)


@pytest.fixture(scope="package")
async def engine(binaries: Binaries, kubeconfig: Path) -> AsyncIterator[HelmEngine]:
    work = servers.state_folder()
    helm = engine_helm(str(binaries.helm_engine), kubeconfig=str(kubeconfig), work=work, idle=4, qps=100)
    try:
        yield helm
    finally:
        await helm.close()
        shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def process(binaries: Binaries, kubeconfig: Path, tmp_path: Path) -> HelmProcess:
    return HelmProcess(str(binaries.helm), kubeconfig=str(kubeconfig), work=tmp_path)


@pytest.fixture
async def place(binaries: Binaries, kubeconfig: Path, cluster: KubernetesCluster) -> Place:
    """A fresh namespace."""
    return await Place.make(binaries, kubeconfig, cluster)

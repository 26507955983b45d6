"""The embedded Kubernetes control plane: etcd, API server, controllers, scheduler, and one simulated node.

Where there is a real node too, the API server listens on the link to it, and pods stay off the simulated one.
"""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec

from slipway.dev import remembered
from slipway.dev.access import give_access, write_kubeconfig
from slipway.dev.build import Binaries
from slipway.dev.certificates import ensure_keys
from slipway.dev.kubelet import log_rules
from slipway.dev.process import Server, answers_tcp, spawn, stop, wait_ready
from slipway.dev.realnode import access as real
from slipway.dev.realnode.ground import SERVICES, Ground

NODE = "simulated"
STAGES = Path(__file__).parent / "stages.yaml"


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    kubeconfig: Path
    """Of an admin, for people and for tests."""
    executor_kubeconfig: Path
    """With no more rights than an executor has in the platform's chart."""
    server: str
    """`https://<address>:<port>`."""
    parts: tuple[Server, ...]
    """In the order in which they were started."""


async def start_cluster(state: Path, binaries: Binaries, ground: Ground | None = None) -> Cluster:
    """Start all parts with their data under `state`; ready (simulated node included) in a few seconds."""
    home, address = state / "cluster", ground.host if ground else "127.0.0.1"
    ensure_keys(home, address)
    etcd_port, peer_port, port = (remembered.port(state, name) for name in ("etcd", "etcd-peer", "kubernetes"))
    token, url = remembered.secret(state, "kubernetes-admin"), f"https://{address}:{port}"
    tokens = home / "tokens.csv"
    tokens.touch(mode=0o600)
    tokens.write_text(
        f'{token},slipway-dev-admin,slipway-dev-admin,"system:masters"\n{real.tokens(state) if ground else ""}'
    )
    kubeconfig = write_kubeconfig(state / "kubeconfig", ca=home / "ca.crt", url=url, user="admin", token=token)

    def part(name: str, *flags: str) -> Server:
        return spawn(state, name, [binaries.devcluster, name, *flags])

    etcd = part(
        "etcd", f"--data-dir={home / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn",
        f"--listen-client-urls=http://127.0.0.1:{etcd_port}", f"--advertise-client-urls=http://127.0.0.1:{etcd_port}",
        f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
        f"--initial-advertise-peer-urls=http://127.0.0.1:{peer_port}",
        f"--initial-cluster=default=http://127.0.0.1:{peer_port}",
    )  # fmt: skip
    await wait_ready(etcd, lambda: answers_tcp("127.0.0.1", etcd_port))
    apiserver = part(
        "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd_port}", f"--bind-address={address}",
        f"--secure-port={port}", f"--tls-cert-file={home / 'apiserver.crt'}",
        f"--tls-private-key-file={home / 'apiserver.key'}", f"--cert-dir={home}",
        f"--service-account-key-file={home / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={home / 'service-accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc", f"--token-auth-file={tokens}",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
        "--kubelet-preferred-address-types=InternalIP", f"--service-cluster-ip-range={SERVICES}", "--allow-privileged=true",
        "--profiling=false", *(real.kubelet_flags(state) if ground else ()),
    )  # fmt: skip
    async with admin_client(state, url) as api:
        await wait_ready(apiserver, lambda: _answers(api, "/readyz"), timeout=60)
        controllers = part(
            "kube-controller-manager", f"--kubeconfig={kubeconfig}", "--use-service-account-credentials=true",
            f"--service-account-private-key-file={home / 'service-accounts.key'}", f"--root-ca-file={home / 'ca.crt'}",
            "--leader-elect=false", "--bind-address=127.0.0.1", f"--cert-dir={home}",
            f"--secure-port={remembered.port(state, 'controllers')}", "--concurrent-namespace-syncs=20",
            "--kube-api-qps=200", "--kube-api-burst=400", "--enable-hostpath-provisioner",
        )  # fmt: skip
        scheduler = part(
            "kube-scheduler", f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1",
            f"--cert-dir={home}", f"--secure-port={remembered.port(state, 'scheduler')}",
            "--kube-api-qps=200", "--kube-api-burst=400",
        )  # fmt: skip
        kubelet = remembered.port(state, "kubelet")
        await _ensure(api, "/api/v1/nodes", _NODE)
        await _tell_address(api, kubelet)
        await _keep_pods_off(api, off=ground is not None)
        if ground:
            await real.let_names_be_read(api)
        await _ensure(api, "/apis/storage.k8s.io/v1/storageclasses", _STORAGE)
        kwok = part(
            "kwok", f"--kubeconfig={kubeconfig}", f"--config={STAGES}", f"--config={log_rules(home)}",
            "--manage-all-nodes=false", f"--manage-single-node={NODE}",
            f"--server-address=127.0.0.1:{kubelet}", f"--tls-cert-file={home / 'apiserver.crt'}",
            f"--tls-private-key-file={home / 'apiserver.key'}",
        )  # fmt: skip
        await wait_ready(controllers, lambda: _answers(api, "/api/v1/namespaces/default/serviceaccounts/default"))
        await wait_ready(kwok, lambda: node_ready(api, NODE), timeout=60)
        executor = write_kubeconfig(
            home / "executor.kubeconfig", ca=home / "ca.crt", url=url, user="executor", token=await give_access(api)
        )
    return Cluster(
        kubeconfig=kubeconfig,
        executor_kubeconfig=executor,
        server=url,
        parts=(etcd, apiserver, controllers, scheduler, kwok),
    )


async def stop_cluster(state: Path, cluster: Cluster) -> None:
    """Stop the parts that use the API server at once, then it, then etcd."""
    etcd, apiserver, *clients = cluster.parts
    await asyncio.gather(*(stop(state, server, timeout=3) for server in clients))
    await stop(state, apiserver, timeout=3)
    await stop(state, etcd, timeout=5)


def admin_client(state: Path, url: str) -> httpx.AsyncClient:
    """Return a client of the API server that may do everything."""
    context = ssl.create_default_context(cafile=str(state / "cluster" / "ca.crt"))
    allowed = {"Authorization": f"Bearer {remembered.secret(state, 'kubernetes-admin')}"}
    return httpx.AsyncClient(base_url=url, verify=context, headers=allowed, timeout=5, trust_env=False)


async def _answers(api: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await api.get(path)).status_code == 200
    except httpx.HTTPError:
        return False


async def _ensure(api: httpx.AsyncClient, path: str, item: Mapping[str, Any]) -> None:
    answer = await api.post(path, json=item)
    if answer.status_code not in (201, 409):
        answer.raise_for_status()


async def _tell_address(api: httpx.AsyncClient, kubelet: int) -> None:
    """Say where the node's kubelet answers: the API server asks it for logs."""
    address = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}]}
    status = {**address, "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet}}}
    content = {"Content-Type": "application/merge-patch+json"}
    answer = await api.patch(f"/api/v1/nodes/{NODE}/status", json={"status": status}, headers=content)
    answer.raise_for_status()


async def _keep_pods_off(api: httpx.AsyncClient, *, off: bool) -> None:
    """Leave pods to the real node where there is one; where there is none, forget the one of an earlier start."""
    taints = (await api.get(f"/api/v1/nodes/{NODE}")).json()["spec"].get("taints", [])
    others = [each for each in taints if each["key"] != OFF["key"]]
    wanted = [*others, OFF] if off else others
    if wanted != taints:
        content = {"Content-Type": "application/merge-patch+json"}
        answer = await api.patch(f"/api/v1/nodes/{NODE}", json={"spec": {"taints": wanted}}, headers=content)
        answer.raise_for_status()
    if not off:
        await api.delete(f"/api/v1/nodes/{real.NODE}")


OFF = {"key": f"slipway.dev/{NODE}", "effect": "NoSchedule"}
_CAPACITY = {"cpu": "64", "memory": "256Gi", "pods": "10000", "ephemeral-storage": "1Ti"}
_NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {
        "name": NODE,
        "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "type": "kwok"},
        "annotations": {"node.alpha.kubernetes.io/ttl": "0", "kwok.x-k8s.io/node": "fake"},
    },
    "status": {"allocatable": _CAPACITY, "capacity": _CAPACITY},
}
_STORAGE = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kubernetes.io/host-path",
}
"""Claims are bound to empty folders that the controller manager makes, so that what has data becomes ready."""


async def node_ready(api: httpx.AsyncClient, name: str) -> bool:
    """Tell whether a node is ready and takes pods."""
    try:
        answer = await api.get(f"/api/v1/nodes/{name}")
    except httpx.HTTPError:
        return False
    if answer.status_code != 200:
        return False
    node = answer.json()
    conditions = node.get("status", {}).get("conditions", [])
    tainted = any(taint["key"] == "node.kubernetes.io/not-ready" for taint in node.get("spec", {}).get("taints", []))
    return not tainted and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

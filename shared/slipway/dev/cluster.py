"""The embedded Kubernetes control plane: etcd, API server, controllers, scheduler, and one simulated node."""

import asyncio
import base64
import ssl
from pathlib import Path

import httpx
import msgspec

from slipway.dev import remembered
from slipway.dev.build import Binaries
from slipway.dev.certificates import ensure_keys
from slipway.dev.process import Server, answers_tcp, spawn, stop, wait_ready

NODE = "simulated"
STAGES = Path(__file__).parent / "stages.yaml"


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    kubeconfig: Path
    server: str
    """`https://127.0.0.1:<port>`."""
    parts: tuple[Server, ...]
    """In the order in which they were started."""


async def start_cluster(state: Path, binaries: Binaries) -> Cluster:
    """Start all parts with their data under `state`; ready (node included) in a few seconds."""
    home = state / "cluster"
    ensure_keys(home)
    etcd_port, peer_port, port = (remembered.port(state, name) for name in ("etcd", "etcd-peer", "kubernetes"))
    token, url = remembered.secret(state, "kubernetes-admin"), f"https://127.0.0.1:{port}"
    tokens = home / "tokens.csv"
    tokens.touch(mode=0o600)
    tokens.write_text(f'{token},slipway-dev-admin,slipway-dev-admin,"system:masters"\n')
    kubeconfig = _write_kubeconfig(state / "kubeconfig", home, url, token)

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
        "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd_port}", "--bind-address=127.0.0.1",
        f"--secure-port={port}", f"--tls-cert-file={home / 'apiserver.crt'}",
        f"--tls-private-key-file={home / 'apiserver.key'}", f"--cert-dir={home}",
        f"--service-account-key-file={home / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={home / 'service-accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc", f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
        "--profiling=false",
    )  # fmt: skip
    context = ssl.create_default_context(cafile=str(home / "ca.crt"))
    async with httpx.AsyncClient(
        base_url=url, verify=context, headers={"Authorization": f"Bearer {token}"}, timeout=5, trust_env=False
    ) as api:
        await wait_ready(apiserver, lambda: _answers(api, "/readyz"), timeout=60)
        controllers = part(
            "kube-controller-manager", f"--kubeconfig={kubeconfig}", "--use-service-account-credentials=true",
            f"--service-account-private-key-file={home / 'service-accounts.key'}", f"--root-ca-file={home / 'ca.crt'}",
            "--leader-elect=false", "--bind-address=127.0.0.1", f"--cert-dir={home}",
            f"--secure-port={remembered.port(state, 'controllers')}", "--concurrent-namespace-syncs=20",
            "--kube-api-qps=200", "--kube-api-burst=400",
        )  # fmt: skip
        scheduler = part(
            "kube-scheduler", f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1",
            f"--cert-dir={home}", f"--secure-port={remembered.port(state, 'scheduler')}",
            "--kube-api-qps=200", "--kube-api-burst=400",
        )  # fmt: skip
        await _ensure_node(api)
        kwok = part("kwok", f"--kubeconfig={kubeconfig}", f"--config={STAGES}", "--manage-all-nodes")
        await wait_ready(controllers, lambda: _answers(api, "/api/v1/namespaces/default/serviceaccounts/default"))
        await wait_ready(kwok, lambda: _node_ready(api), timeout=60)
    return Cluster(kubeconfig=kubeconfig, server=url, parts=(etcd, apiserver, controllers, scheduler, kwok))


async def stop_cluster(state: Path, cluster: Cluster) -> None:
    """Stop the parts that use the API server at once, then it, then etcd."""
    etcd, apiserver, *clients = cluster.parts
    await asyncio.gather(*(stop(state, server, timeout=3) for server in clients))
    await stop(state, apiserver, timeout=3)
    await stop(state, etcd, timeout=5)


async def _answers(api: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await api.get(path)).status_code == 200
    except httpx.HTTPError:
        return False


async def _ensure_node(api: httpx.AsyncClient) -> None:
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "type": "kwok"},
            "annotations": {"node.alpha.kubernetes.io/ttl": "0", "kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": _CAPACITY, "capacity": _CAPACITY},
    }
    answer = await api.post("/api/v1/nodes", json=node)
    if answer.status_code not in (201, 409):
        answer.raise_for_status()


_CAPACITY = {"cpu": "64", "memory": "256Gi", "pods": "10000", "ephemeral-storage": "1Ti"}


async def _node_ready(api: httpx.AsyncClient) -> bool:
    try:
        node = (await api.get(f"/api/v1/nodes/{NODE}")).json()
    except httpx.HTTPError:
        return False
    conditions = node.get("status", {}).get("conditions", [])
    tainted = any(taint["key"] == "node.kubernetes.io/not-ready" for taint in node.get("spec", {}).get("taints", []))
    return not tainted and any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _write_kubeconfig(path: Path, home: Path, url: str, token: str) -> Path:
    authority = base64.b64encode((home / "ca.crt").read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "slipway", "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "slipway", "context": {"cluster": "slipway", "user": "admin"}}],
        "current-context": "slipway",
    }
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(config)))
    return path

"""kubelet, kube-proxy and CoreDNS within the node, each with its configuration file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from slipway.dev.process import Server, answers_tcp, spawn, wait_ready
from slipway.dev.realnode import access
from slipway.dev.realnode.containers import SOCKET
from slipway.dev.realnode.ground import Ground, home

KUBELET_PORT = 10250
DNS_PORT = 53
DOMAIN = "cluster.local"
CORE = """\
. {{
  errors
  cache 5
  kubernetes {domain} in-addr.arpa {{
    kubeconfig {kubeconfig}
  }}
  template ANY ANY {{
    rcode NXDOMAIN
  }}
}}
"""


async def start_programs(state: Path, ground: Ground, binary: Path, *, url: str) -> list[Server]:
    """Start all three; `url` is the API server's. Names are resolved when this returns; the node may not be ready yet."""
    folder = home(state)

    def start(name: str, *flags: str) -> Server:
        return spawn(state, name, ground.within([binary, name, *flags]))

    def kubeconfig(name: str) -> Path:
        return access.kubeconfig(state, folder, name, url=url)

    corefile = folder / "Corefile"
    corefile.write_text(CORE.format(domain=DOMAIN, kubeconfig=kubeconfig("coredns")))
    names = start("coredns", f"-conf={corefile}", f"-dns.port={DNS_PORT}")
    config = _write(folder / "kubelet.json", _kubelet(state, ground))
    kubelet = start(
        "kubelet", f"--config={config}", f"--kubeconfig={kubeconfig('kubelet')}", f"--hostname-override={access.NODE}",
        f"--node-ip={ground.node}", f"--root-dir={folder / 'kubelet'}", f"--cert-dir={folder / 'kubelet-keys'}",
    )  # fmt: skip
    config = _write(folder / "kube-proxy.json", _proxy(kubeconfig("kube-proxy"), ground))
    proxy = start("kube-proxy", f"--config={config}")
    await wait_ready(names, lambda: answers_tcp(ground.node, DNS_PORT), timeout=60)
    await wait_ready(kubelet, lambda: answers_tcp(ground.node, KUBELET_PORT), timeout=60)
    return [names, kubelet, proxy]


def _kubelet(state: Path, ground: Ground) -> dict[str, Any]:
    """Only the API server may speak to it: pods can reach it, and it may do anything to them."""
    folder = home(state)
    *_, authority = access.kubelet_client(state)
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ground.node,
        "port": KUBELET_PORT,
        "authentication": {
            "anonymous": {"enabled": False}, "webhook": {"enabled": False},
            "x509": {"clientCAFile": str(authority)},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{ground.link}",
        "clusterDNS": [ground.node],
        "clusterDomain": DOMAIN,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "evictionHard": {"nodefs.available": "0%", "imagefs.available": "0%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "oomScoreAdj": 0,
        "podLogsDir": str(folder / "pod-logs"),
        "readOnlyPort": 0,
        "resolvConf": "",
        "volumePluginDir": str(folder / "volume-plugins"),
    }  # fmt: skip


def _proxy(kubeconfig: Path, ground: Ground) -> dict[str, Any]:
    """Limits of connection tracking are the machine's, and stay as they are."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": ground.node,
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": ground.pods,
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "hostnameOverride": access.NODE,
        "mode": "nftables",
        "nftables": {"masqueradeAll": True},
    }


def _write(path: Path, config: Mapping[str, Any]) -> Path:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(config)))
    return path

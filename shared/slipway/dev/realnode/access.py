"""Who the node's programs are to the API server, and the API server to the kubelet."""

from pathlib import Path

import httpx

from slipway.dev import remembered
from slipway.dev.access import RBAC, write_kubeconfig
from slipway.dev.certificates import ensure_server_keys

NODE = "real"
USERS = {
    "kubelet": (f"system:node:{NODE}", "system:nodes"),
    "kube-proxy": ("system:kube-proxy", ""),
    "coredns": ("slipway-dns", ""),
}
"""Program, and its user and group. Kubernetes knows what the first two may do."""
READ = [
    {"apiGroups": [""], "resources": ["services", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
]


def tokens(state: Path) -> str:
    """Return the lines of the API server's token file."""
    return "".join(f'{_token(state, name)},{user},{user},"{group}"\n' for name, (user, group) in USERS.items())


def kubeconfig(state: Path, folder: Path, name: str, *, url: str) -> Path:
    """Write the kubeconfig of one of USERS."""
    authority = state / "cluster" / "ca.crt"
    return write_kubeconfig(folder / f"{name}.kubeconfig", ca=authority, url=url, user=name, token=_token(state, name))


def kubelet_flags(state: Path) -> tuple[str, str]:
    """Return what the API server is told to be known to the kubelet."""
    certificate, key, _ = kubelet_client(state)
    return f"--kubelet-client-certificate={certificate}", f"--kubelet-client-key={key}"


def kubelet_client(state: Path) -> tuple[Path, Path, Path]:
    """Return certificate and key by which the API server is known to the kubelet, and their authority."""
    folder = state / "cluster" / "kubelet-client"
    ensure_server_keys(folder, "apiserver")
    return folder / "apiserver.crt", folder / "apiserver.key", folder / "ca.crt"


async def let_names_be_read(api: httpx.AsyncClient) -> None:
    """Give CoreDNS what it answers from."""
    role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "slipway-dns"}, "rules": READ}
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "slipway-dns"},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "slipway-dns"},
        "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "slipway-dns"}],
    }
    for kind, item in (("clusterroles", role), ("clusterrolebindings", binding)):
        answer = await api.post(f"/apis/{RBAC}/v1/{kind}", json=item)
        if answer.status_code != 409:
            answer.raise_for_status()


def _token(state: Path, name: str) -> str:
    return remembered.secret(state, f"kubernetes-{name}")

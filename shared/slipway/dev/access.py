"""The rights of executors in the embedded cluster: the same rules as in the platform's chart, and a kubeconfig with no more.

Charts that an admin trusts may do anything here, as on a machine of one's own; in the chart that is for the operator to say.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import yaml

from slipway.dev.process import ServerError

SYSTEM, EXECUTOR, TRUSTED = "slipway-system", "slipway-executor", "slipway-trusted"
RULES = Path(__file__).resolve().parents[3] / "deploy" / "helm" / "slipway" / "files"
TOKEN_SEC = 365 * 86400
APPLY = {"Content-Type": "application/apply-patch+yaml"}
RBAC = "rbac.authorization.k8s.io"


async def give_access(api: httpx.AsyncClient) -> str:
    """Lay the executors' account and its rules into the cluster; return a token of it."""
    for path, body in _objects():
        _check(await api.patch(path, params={"fieldManager": "slipway-dev", "force": "true"}, headers=APPLY, json=body))
    ask = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": TOKEN_SEC}}
    answer = await api.post(f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/{EXECUTOR}/token", json=ask)
    return str(_check(answer).json()["status"]["token"])


def write_kubeconfig(path: Path, *, ca: Path, url: str, user: str, token: str) -> Path:
    """Write a kubeconfig for one user; mode 0600."""
    authority = base64.b64encode(ca.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "slipway", "cluster": {"server": url, "certificate-authority-data": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "slipway", "context": {"cluster": "slipway", "user": user}}],
        "current-context": "slipway",
    }
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(config)))
    return path


def _objects() -> list[tuple[str, dict[str, Any]]]:
    roles, own = f"/apis/{RBAC}/v1", f"/api/v1/namespaces/{SYSTEM}"
    account = {"kind": "ServiceAccount", "name": EXECUTOR, "namespace": SYSTEM}
    trusted = {"kind": "ServiceAccount", "name": TRUSTED, "namespace": SYSTEM}
    return [
        (f"/api/v1/namespaces/{SYSTEM}", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}}),
        *(
            (
                f"{own}/serviceaccounts/{name}",
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
            )
            for name in (EXECUTOR, TRUSTED)
        ),
        (f"{roles}/clusterroles/{EXECUTOR}", _role("ClusterRole", "executor-rules.yaml")),
        (f"{roles}/clusterrolebindings/{EXECUTOR}", _binding("ClusterRoleBinding", EXECUTOR, EXECUTOR, [account])),
        (f"{roles}/namespaces/{SYSTEM}/roles/{EXECUTOR}", _role("Role", "executor-system-rules.yaml")),
        (
            f"{roles}/namespaces/{SYSTEM}/rolebindings/{EXECUTOR}",
            _binding("RoleBinding", EXECUTOR, EXECUTOR, [account], of="Role"),
        ),
        (f"{roles}/clusterrolebindings/{TRUSTED}", _binding("ClusterRoleBinding", TRUSTED, "cluster-admin", [trusted])),
    ]


def _role(kind: str, file: str) -> dict[str, Any]:
    rules = yaml.safe_load((RULES / file).read_text())
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": EXECUTOR}, "rules": rules}


def _binding(
    kind: str, name: str, role: str, subjects: Sequence[dict[str, str]], *, of: str = "ClusterRole"
) -> dict[str, Any]:
    reference = {"apiGroup": RBAC, "kind": of, "name": role}
    meta = {"name": name}
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": kind,
        "metadata": meta,
        "roleRef": reference,
        "subjects": list(subjects),
    }


def _check(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise ServerError(f"the embedded cluster refused {answer.request.url.path}: {answer.text[:300]}")
    return answer

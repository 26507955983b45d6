"""What every tenant's namespace is given: the rights of its charts, limits, a wall to its neighbours. Pure."""

import base64
import hashlib
from typing import Any

import msgspec

from slipway.domain.usage import Usage
from slipway.domain.values import canonical
from slipway_executor.cluster import users
from slipway_executor.cluster.port import DEPLOYMENT_LABEL, SYSTEM_NAMESPACE, Object
from slipway_executor.cluster.users import ACCOUNT, TRUSTED_ACCOUNT

PULL_SECRET = "slipway-pull"  # noqa: S105 - a name
MANAGER = "slipway"
LINK_LOCAL = "169.254.0.0/16"
DEFAULT_REQUESTS = {"cpu": "50m", "memory": "64Mi"}
"""Of a container that asks for nothing; quotas count it so."""


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one namespace."""

    namespace: str
    pod_security: str
    limits: Usage | None
    adopted: bool = False
    """The namespace was there before: its own rules stay, only the rights are added."""
    trusted: bool = False
    """Its chart may reach out of the namespace: the account of trusted charts has rights here too."""
    pull: dict[str, str] = {}
    """Registry host: JSON of the credentials that pods may pull images with."""

    @property
    def user(self) -> str:
        """The Kubernetes user that acts in the namespace."""
        return users.tenant(self.namespace)

    @property
    def digest(self) -> str:
        """Changes when the rules do; the namespace bears it once they were laid into it."""
        rules = [*access(self), *walls(self), *logins(self)]
        return hashlib.sha256(canonical([self.labels, rules])).hexdigest()[:16]

    @property
    def labels(self) -> dict[str, str]:
        return {} if self.adopted else {"pod-security.kubernetes.io/enforce": self.pod_security}


def access(tenant: Tenant) -> list[Object]:
    """Return the account that acts in the namespace, and its rights there."""
    return [_account(tenant), _binding(tenant)]


def walls(tenant: Tenant) -> list[Object]:
    """Return the limits of the namespace; an adopted one keeps its own. That account can move the network's, and no other."""
    if tenant.adopted:
        return []
    quota = [_quota(tenant, tenant.limits)] if tenant.limits is not None else []
    return [_network(tenant), _defaults(tenant), *quota]


def logins(tenant: Tenant) -> list[Object]:
    """Return the pull Secret, and the pods' account that uses it."""
    if not tenant.pull:
        return []
    auths: dict[str, Any] = {}
    for host, raw in sorted(tenant.pull.items()):
        login = msgspec.json.decode(raw)
        packed = base64.b64encode(f"{login['username']}:{login['password']}".encode()).decode()
        auths[host] = {"username": login["username"], "password": login["password"], "auth": packed}
    content = base64.b64encode(msgspec.json.encode({"auths": auths})).decode()
    secret, account = no_logins(tenant)
    return [
        {**secret, "type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": content}},
        {**account, "imagePullSecrets": [{"name": PULL_SECRET}]},
    ]


def no_logins(tenant: Tenant) -> tuple[Object, Object]:
    """Return the same Secret and account as they are without any: the one by its name, the other without the Secret."""
    return _named(tenant, "v1", "Secret", PULL_SECRET), _named(tenant, "v1", "ServiceAccount", "default")


def _named(tenant: Tenant, api_version: str, kind: str, name: str, **content: Any) -> Object:
    meta = {"name": name, "namespace": tenant.namespace, "labels": {"app.kubernetes.io/managed-by": MANAGER}}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **content}


def _account(tenant: Tenant) -> Object:
    return _named(tenant, "v1", "ServiceAccount", ACCOUNT, automountServiceAccountToken=False)


def _binding(tenant: Tenant) -> Object:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}
    subjects = [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": tenant.namespace}]
    if tenant.trusted:
        subjects.append({"kind": "ServiceAccount", "name": TRUSTED_ACCOUNT, "namespace": SYSTEM_NAMESPACE})
    return _named(tenant, "rbac.authorization.k8s.io/v1", "RoleBinding", ACCOUNT, roleRef=role, subjects=subjects)


def _network(tenant: Tenant) -> Object:
    """Nobody comes in from other tenants' namespaces; nobody goes out to the machine's own metadata service.

    Of its link-local addresses pods may ask for names: there the resolver is where each node has one (NodeLocal DNSCache).
    """
    platform = {"matchExpressions": [{"key": DEPLOYMENT_LABEL, "operator": "DoesNotExist"}]}
    outside = [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": [LINK_LOCAL]}},
        {"ipBlock": {"cidr": "::/0", "except": ["fe80::/10"]}},
    ]
    names = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    spec = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {}}, {"namespaceSelector": platform}]}],
        "egress": [
            {"to": [*outside, {"podSelector": {}}, {"namespaceSelector": platform}]},
            {"to": [{"ipBlock": {"cidr": LINK_LOCAL}}], "ports": names},
        ],
    }
    return _named(tenant, "networking.k8s.io/v1", "NetworkPolicy", MANAGER, spec=spec)


def _defaults(tenant: Tenant) -> Object:
    limits = [{"type": "Container", "defaultRequest": DEFAULT_REQUESTS}]
    return _named(tenant, "v1", "LimitRange", MANAGER, spec={"limits": limits})


def _quota(tenant: Tenant, limits: Usage) -> Object:
    hard = {
        "requests.cpu": f"{limits.cpu_milli}m",
        "requests.memory": f"{limits.memory_mib}Mi",
        "requests.storage": f"{limits.storage_gib}Gi",
    }
    return _named(tenant, "v1", "ResourceQuota", MANAGER, spec={"hard": hard})

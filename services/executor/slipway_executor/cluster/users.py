"""As whom an executor acts. By itself it only makes namespaces and lays their rules; the rest is done as one of these."""

from slipway_executor.cluster.port import SYSTEM_NAMESPACE

ACCOUNT = "slipway-deployer"
"""ServiceAccount of each tenant's namespace."""
TRUSTED_ACCOUNT = "slipway-trusted"
TRUSTED = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{TRUSTED_ACCOUNT}"
"""Acts for charts whose template may reach out of its namespace. It has the rights that an operator binds to it, or none."""


def tenant(namespace: str) -> str:
    """Return the user that acts in a tenant's namespace, and nowhere else."""
    return f"system:serviceaccount:{namespace}:{ACCOUNT}"

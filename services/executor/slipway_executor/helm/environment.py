"""All that a Helm program sees of the executor's environment: nothing of its settings."""

import os
from pathlib import Path


def environment(work: Path, memory_mib: int) -> dict[str, str]:
    """Return the environment; `work` is where Helm keeps its own files.

    From three quarters of its memory on, Helm frees what it can as soon as it can.
    """
    found = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(work),
        "HELM_CACHE_HOME": str(work / "helm"),
        "HELM_CONFIG_HOME": str(work / "helm"),
        "HELM_DATA_HOME": str(work / "helm"),
        "GOMEMLIMIT": f"{memory_mib * 3 // 4}MiB",
    }
    for name in ("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        if name in os.environ:
            found[name] = os.environ[name]
    return found

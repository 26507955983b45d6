"""What an executor is told."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from slipway.service_settings import DAY_SEC, LABEL, NatsUrl, Port, ServiceSettings

SHORTEST_LEASE_SEC = 5
"""Below that, one slow request ends the right to write."""
HELM_NEEDS_MIB = 64
"""Helm alone takes half of that."""


class ExecutorSettings(ServiceSettings, frozen=True, kw_only=True):
    nats_url: NatsUrl
    """The server that jobs come from, with the user of this cluster's executors."""
    kubeconfig: str = ""
    """Path; empty means the cluster that it runs in."""
    cluster: Annotated[
        str, Meta(pattern=f"^{LABEL}$", description="a DNS label: 1-63 lower-case letters, digits and dashes within")
    ] = "local"
    """What its cluster is called, in subjects of NATS and to users; one name for all executors of a cluster."""
    slots: Annotated[int, Meta(ge=1, le=1_000)] = 4
    """Helm operations at once."""
    beat_sec: Annotated[float, Meta(ge=0.1, le=DAY_SEC)] = 5.0
    """How often it tells schedulers that its jobs live; well below their SLIPWAY_SILENCE_SEC."""
    lease_sec: Annotated[float, Meta(ge=SHORTEST_LEASE_SEC, le=DAY_SEC)] = 25.0
    """After which a deployment's Lease that stood still is taken over; a request to the API server ends in 3/5 of it."""
    http_port: Port = 8082
    """Where it tells of its health and its metrics."""
    helm: str = "helm"
    """Path of the Helm program, which runs each operation in a process of its own when there is no engine."""
    helm_engine: str = "helm-engine"
    """The warm Helm engine: a path, which must be there, or a name, which is used if it is found; `off`: never."""
    helm_requests_per_second: Annotated[float, Meta(ge=0.1, le=100_000)] = 100.0
    """How many requests the engine may send to the API server in one operation, on average."""
    helm_memory_mib: Annotated[int, Meta(ge=HELM_NEEDS_MIB, le=1024 * 1024)] = 1024
    """Most memory that one operation may take, in MiB: the engine ends itself there. As many as `slots` run at once."""
    cache_dir: str = ""
    """Where chart archives are kept by digest; empty means the user's cache folder."""
    builtin_charts: str = ""
    """Folder of the charts that ship with Slipway; empty means the packaged ones."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        yield from super().mistakes()
        if _is_missing(self.helm):
            yield "helm", "names a program that is not there"
        if _is_missing(self.helm_engine):
            yield "helm_engine", "names a program that is not there; say off to use helm itself"
        if self.builtin_charts and not Path(self.builtin_charts).is_dir():
            yield "builtin_charts", "names a folder that is not there"


def _is_missing(program: str) -> bool:
    """Tell whether it is a path at which nothing can be run; a name is looked for when it is needed."""
    return os.sep in program and not os.access(program, os.X_OK)

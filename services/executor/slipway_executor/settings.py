"""What an executor is told."""

import os
from typing import Annotated

import msgspec

from slipway.settings import Settings, SettingsError

SHORTEST_LEASE_SEC = 5
"""Below that, one slow request ends the right to write."""
HELM_NEEDS_MIB = 64


class ExecutorSettings(Settings, frozen=True, kw_only=True):
    nats_url: str
    nats_ca: str = ""
    """File with the authorities that a `tls://` server is known by; empty means the system's."""
    kubeconfig: str = ""
    """Path; empty means the cluster that it runs in."""
    cluster: str = "local"
    slots: int = 4
    """Helm operations at once."""
    beat_sec: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    """How often it tells schedulers that its jobs live; well below their SLIPWAY_SILENCE_SEC."""
    lease_sec: Annotated[float, msgspec.Meta(ge=SHORTEST_LEASE_SEC)] = 25.0
    """After which a deployment's Lease that stood still is taken over; a request to the API server ends in 3/5 of it."""
    http_host: str = "127.0.0.1"
    http_port: int = 8082
    helm: str = "helm"
    """Path of the Helm program, which runs each operation in a process of its own when there is no engine."""
    helm_engine: str = "helm-engine"
    """The warm Helm engine: a path, which must be there, or a name, which is used if it is found; `off`: never."""
    helm_requests_per_second: float = 100.0
    """How many requests the engine may send to the API server in one operation, on average."""
    helm_memory_mib: int = 1024
    """Most memory that one operation may take, in MiB: the engine ends itself there. As many as `slots` run at once."""
    cache_dir: str = ""
    """Where chart archives are kept by digest; empty means the user's cache folder."""
    builtin_charts: str = ""
    """Folder of the charts that ship with Slipway; empty means the packaged ones."""
    registries: tuple[str, ...] = ()
    failpoints: tuple[str, ...] = ()
    """For tests of failures: see `slipway.failpoints`."""

    def check(self) -> None:
        """Raise SettingsError for what cannot work."""
        if os.sep in self.helm_engine and not os.access(self.helm_engine, os.X_OK):
            raise SettingsError(
                f"SLIPWAY_HELM_ENGINE: there is no program {self.helm_engine}; say off to use helm itself"
            )
        if self.helm_requests_per_second <= 0:
            raise SettingsError("SLIPWAY_HELM_REQUESTS_PER_SECOND: must be more than 0")
        if self.helm_memory_mib < HELM_NEEDS_MIB:
            raise SettingsError(
                f"SLIPWAY_HELM_MEMORY_MIB: must be {HELM_NEEDS_MIB} or more: Helm alone takes half of that"
            )

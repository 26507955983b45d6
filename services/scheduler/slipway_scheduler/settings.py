"""What a scheduler is told."""

from typing import Annotated

import msgspec

from slipway.settings import QuotaSettings


class SchedulerSettings(QuotaSettings, frozen=True, kw_only=True):
    database_url: str
    """As libpq has it: `postgresql://login:password@host:5432/database?sslmode=verify-full&sslrootcert=/authority.crt`."""
    nats_url: str
    nats_ca: str = ""
    """File with the authorities that a `tls://` server is known by; empty means the system's."""
    http_host: str = "127.0.0.1"
    http_port: int = 8081
    registries: tuple[str, ...] = ()
    """Allowed chart registries; `http://host` marks one that speaks plain http."""
    silence_sec: Annotated[float, msgspec.Meta(ge=1)] = 30.0
    """After which a job is taken from an executor that does not beat, or from all when nobody claims it."""
    drift_scan_sec: float = 600.0
    """How often live objects of each deployment are compared with its release."""
    failpoints: tuple[str, ...] = ()
    """For tests of failures: see `slipway.failpoints`."""

"""What a scheduler is told."""

from slipway.settings import QuotaSettings


class SchedulerSettings(QuotaSettings, frozen=True, kw_only=True):
    database_url: str
    nats_url: str
    http_host: str = "127.0.0.1"
    http_port: int = 8081
    registries: tuple[str, ...] = ()
    """Allowed chart registries; `http://host` marks one that speaks plain http."""
    drift_scan_sec: float = 600.0
    """How often live objects of each deployment are compared with its release."""
    failpoints: tuple[str, ...] = ()
    """For tests of failures: see `slipway.failpoints`."""

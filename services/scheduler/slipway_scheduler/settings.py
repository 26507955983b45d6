"""What a scheduler is told."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from slipway.database.dsn import fault
from slipway.database.settings import Connections, DatabaseUrl
from slipway.service_settings import DAY_SEC, NatsUrl, Port, QuotaSettings


class SchedulerSettings(QuotaSettings, frozen=True, kw_only=True):
    database_url: DatabaseUrl
    """As libpq has it: `postgresql://login:password@host:5432/database?sslmode=verify-full&sslrootcert=/authority.crt`."""
    database_connections: Connections = 10
    """How many the process opens to PostgreSQL at most; who finds all of them in use waits for one."""
    nats_url: NatsUrl
    """The server that jobs, reports and events go over, with the scheduler's user."""
    http_port: Port = 8081
    """Where it tells of its health and its metrics."""
    silence_sec: Annotated[float, Meta(ge=1, le=DAY_SEC)] = 30.0
    """After which a job is taken from an executor that does not beat, or from all when nobody claims it."""
    drift_scan_sec: Annotated[float, Meta(ge=1, le=30 * DAY_SEC)] = 600.0
    """How often live objects of each deployment are compared with its release."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        yield from super().mistakes()
        if wrong := fault(self.database_url):
            yield "database_url", wrong

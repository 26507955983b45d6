"""What programs are told that work on PostgreSQL."""

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from slipway.database.dsn import fault
from slipway.settings import Settings

DatabaseUrl = Annotated[
    str,
    Meta(
        pattern=r"^postgres(ql)?(\+asyncpg)?://\S*$",
        description="a URL that begins with postgresql://, as in postgresql://user:password@host:5432/database?sslmode=require",
    ),
]
Connections = Annotated[int, Meta(ge=2, le=100)]
"""Of a pool. With one alone, a look at the health would wait for the longest statement."""


class OwnerSettings(Settings, frozen=True, kw_only=True):
    """What programs are told that change the schema or make logins; `python -m slipway.database.migrations` is told no more."""

    database_url: DatabaseUrl
    """Of a login that owns the schema and may make roles."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if wrong := fault(self.database_url):
            yield "database_url", wrong


class LoginsSettings(OwnerSettings, frozen=True, kw_only=True):
    """What `python -m slipway.database.logins` is told."""

    api_database_password: str = ""
    """Of the API's login, which is made or gets this password; empty: it is left as it is."""
    scheduler_database_password: str = ""
    """Of the scheduler's login, in the same way. One of the two is needed."""

    @property
    def passwords(self) -> dict[str, str]:
        """The passwords that are set, by service."""
        both = {"api": self.api_database_password, "scheduler": self.scheduler_database_password}
        return {service: password for service, password in both.items() if password}

    def mistakes(self) -> Iterator[tuple[str, str]]:
        yield from super().mistakes()
        if not self.passwords:
            yield "api_database_password", "is needed, or SLIPWAY_SCHEDULER_DATABASE_PASSWORD"

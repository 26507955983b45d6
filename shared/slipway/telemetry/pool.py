"""How far a service uses its connections to PostgreSQL, as the pool says at each scrape, and how long it waits for one."""

from prometheus_client import Gauge, Histogram

from slipway.database.engine import Database

CONNECTIONS = Gauge("slipway_database_pool_connections", "Connections to PostgreSQL.", ["state"])
"""`state` is `in_use` or `idle`."""
LIMIT = Gauge("slipway_database_pool_limit", "Most connections that this process opens to PostgreSQL.")
WAITS = Histogram(
    "slipway_database_pool_wait_seconds",
    "From asking for a connection to PostgreSQL to having one that works, or to giving up.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def tell_pool(database: Database) -> None:
    """Show this pool from now on."""
    database.tell_waits(WAITS.observe)
    CONNECTIONS.labels("in_use").set_function(lambda: database.pool_use().in_use)
    CONNECTIONS.labels("idle").set_function(lambda: database.pool_use().idle)
    LIMIT.set_function(lambda: database.pool_use().limit)

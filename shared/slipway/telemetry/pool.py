"""How far a service uses its connections to PostgreSQL: read at each scrape, from the pool itself."""

from prometheus_client import Gauge

from slipway.database.engine import Database

CONNECTIONS = Gauge("slipway_database_pool_connections", "Connections to PostgreSQL.", ["state"])
"""`state` is `in_use` or `idle`."""
LIMIT = Gauge("slipway_database_pool_limit", "Most connections that this process opens to PostgreSQL.")


def tell_pool(database: Database) -> None:
    """Show this pool from now on."""
    CONNECTIONS.labels("in_use").set_function(lambda: database.pool_use().in_use)
    CONNECTIONS.labels("idle").set_function(lambda: database.pool_use().idle)
    LIMIT.set_function(lambda: database.pool_use().limit)

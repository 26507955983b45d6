"""Ends sessions of processes that stand still in the middle of a transaction, and with it their locks.

PostgreSQL ends a transaction that lies idle, but not one whose client has had a statement prepared and stopped before it
ran it: to the server that session is active, and its timeouts wait for the next message. Every process looks for those of
its own role, which is all it may end. A COPY waits for its client in the same way while rows come, so it is left alone.
"""

import structlog

from slipway.database.engine import Database
from slipway.database.hot import Statement

log = structlog.get_logger()

INTERVAL_SEC = 15.0
STUCK_SEC = 60.0
"""As long as a transaction may lie idle."""

_END = Statement(
    """
    SELECT pg_terminate_backend(pid, 5000) AS ended FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND state = 'active'
      AND wait_event = 'ClientRead' AND state_change < clock_timestamp() - make_interval(secs => :stuck)
      AND query !~* '^\\s*copy\\y'
    """
)


async def end_stuck(database: Database, *, stuck_sec: float = STUCK_SEC) -> int:
    """End sessions of this role that have waited so long for the rest of a statement; return how many."""
    ended = sum(row["ended"] for row in await database.hot_once(_END, stuck=stuck_sec))
    if ended:
        log.warning("stuck_sessions_ended", count=ended)
    return ended

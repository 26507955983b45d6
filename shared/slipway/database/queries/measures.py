"""How much waits, and since when: read through the partial indexes on what is not over, never through a whole table."""

import msgspec
from sqlalchemy import text

from slipway.database.engine import ReadSession

_STATE = """
    SELECT '{state}' AS state, count(*) AS number,
        coalesce(greatest(0, extract(epoch FROM now() - min({since}))), 0)::float8 AS oldest_sec
    FROM deployment_reconcile_job j {join} WHERE j.status = '{status}' {more}
"""
_SUSPENDED = "JOIN deployment d ON d.id = j.deployment_id"
_DUE_SINCE = "greatest(j.queued_at, j.run_after)"


def _state(state: str, since: str, *, status: str = "", join: str = "", more: str = "") -> str:
    return _STATE.format(state=state, status=status or state, since=since, join=join, more=more)


_JOBS = text(
    " UNION ALL ".join(
        (
            _state("queued", _DUE_SINCE, join=_SUSPENDED, more="AND (j.reason = 'delete' OR NOT d.suspended)"),
            _state(
                "held", _DUE_SINCE, status="queued", join=_SUSPENDED, more="AND j.reason <> 'delete' AND d.suspended"
            ),
            _state("delayed", "j.queued_at"),
            _state("leased", "j.locked_at"),
            _state("running", "j.claimed_at"),
        )
    )
)
_EXECUTORS = text(
    """
    SELECT c.name, count(e.instance), coalesce(sum(e.slots), 0)
    FROM cluster c LEFT JOIN executor e ON e.cluster = c.name AND e.seen_at > now() - interval '15 seconds'
    WHERE c.deleted_at IS NULL GROUP BY c.name
    """
)
_LAG = text(
    """
    WITH waiting AS (
        (SELECT created_at FROM outbox_event WHERE (epoch, pos) > (:epoch, :pos) ORDER BY epoch, pos LIMIT 10000)
        UNION ALL (SELECT created_at FROM outbox_event WHERE pos IS NULL ORDER BY id LIMIT 10000))
    SELECT least(count(*), 10000) AS number,
        coalesce(greatest(0, extract(epoch FROM now() - min(created_at))), 0)::float8 AS oldest_sec FROM waiting
    """
)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many wait, and for how many seconds the oldest does."""

    count: int
    oldest_sec: float


async def jobs(session: ReadSession) -> dict[str, Waiting]:
    """Return what waits and runs by state; a queued job waits since it is due."""
    rows = await session.execute(_JOBS)
    return {row.state: Waiting(count=row.number, oldest_sec=row.oldest_sec) for row in rows}


async def executors(session: ReadSession) -> dict[str, tuple[int, int]]:
    """Return executors heard in the last 15 s, and their slots, for each cluster."""
    return {name: (count, slots) for name, count, slots in await session.execute(_EXECUTORS)}


async def lag(session: ReadSession, epoch: int, pos: int) -> Waiting:
    """Return what the feed has beyond a position; counted up to 10,000."""
    row = (await session.execute(_LAG, {"epoch": epoch, "pos": pos})).one()
    return Waiting(count=row.number, oldest_sec=row.oldest_sec)

"""Accepting work: one waiting job per deployment, into which later wishes coalesce."""

from uuid import UUID

from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.domain.jobs import JobReason, priority
from slipway.identity import new_id

_RANK = "array_position(ARRAY[{}], {{}})".format(", ".join(f"'{reason.value}'" for reason in JobReason))

_ENQUEUE = text(
    f"""
    INSERT INTO deployment_reconcile_job AS job
        (id, deployment_id, user_id, cluster, reason, generation, priority, queue_key)
    VALUES (:id, :deployment, :user, :cluster, :reason, :generation, :priority, greatest(
        (SELECT coalesce(max(queue_key), 0) + 1 FROM deployment_reconcile_job
         WHERE user_id = :user AND status IN ('queued', 'delayed')),
        (SELECT coalesce(max(queue_key), 0) FROM deployment_reconcile_job WHERE status IN ('leased', 'running'))))
    ON CONFLICT (deployment_id) WHERE status IN ('queued', 'delayed') DO UPDATE SET
        generation = greatest(job.generation, excluded.generation),
        reason = CASE WHEN {_RANK.format("excluded.reason")} >= {_RANK.format("job.reason")}
                      THEN excluded.reason ELSE job.reason END,
        priority = least(job.priority, excluded.priority),
        status = 'queued', run_after = now(), queued_at = now(),
        attempt = 0, lost = 0, last_error = NULL, cancel_requested = false
    RETURNING job.id
    """  # noqa: S608 - only enum literals are formatted in
)


async def enqueue(
    session: WriteSession, *, deployment: UUID, user: UUID, cluster: str, reason: JobReason, generation: int
) -> UUID:
    """Queue a job for the deployment's newest generation and return the id of the job that carries it.

    The caller holds the deployment's row lock. A waiting job takes the wish in: newest generation, stronger reason
    (delete beats all), due now, counters reset. Its place is that of start-time fair queueing: behind the user's own
    waiting jobs, or level with what is being worked on; ten thousand jobs of one user do not delay another's one.
    """
    values = {
        "id": new_id(),
        "deployment": deployment,
        "user": user,
        "cluster": cluster,
        "reason": reason.value,
        "generation": generation,
        "priority": priority(reason),
    }
    return (await session.execute(_ENQUEUE, values)).scalar_one()

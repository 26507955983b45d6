"""Accepting work: one waiting job per deployment, into which later wishes coalesce."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text

from slipway.database.engine import Statements
from slipway.domain.jobs import JobOption, JobReason, priority
from slipway.identity import new_id
from slipway.telemetry import tracing

_RANK = "array_position(ARRAY[{}], {{}})".format(", ".join(f"'{reason.value}'" for reason in JobReason))

_ENQUEUE = text(
    f"""
    INSERT INTO deployment_reconcile_job AS job
        (id, deployment_id, user_id, cluster, reason, generation, priority, options, asked_json, preview_id, traceparent,
        queue_key)
    VALUES (:id, :deployment, :user, :cluster, :reason, :generation, :priority,
        CAST(CAST(:options AS text) AS text[]), CAST(:asked AS jsonb), :preview, :traceparent, greatest(1, queue_level(),
        (SELECT max(queue_key) + 1 FROM deployment_reconcile_job
         WHERE user_id = :user AND status IN ('queued', 'delayed') AND priority = 0),
        (SELECT max(queue_key) + 1 FROM deployment_reconcile_job
         WHERE user_id = :user AND status IN ('queued', 'delayed') AND priority = :priority)))
    ON CONFLICT (deployment_id) WHERE status IN ('queued', 'delayed') DO UPDATE SET
        generation = greatest(job.generation, excluded.generation),
        reason = CASE WHEN {_RANK.format("excluded.reason")} >= {_RANK.format("job.reason")}
                      THEN excluded.reason ELSE job.reason END,
        priority = least(job.priority, excluded.priority), queue_key = least(job.queue_key, excluded.queue_key),
        options = ARRAY(SELECT unnest(CASE WHEN excluded.generation > job.generation
                                           THEN array_remove(job.options, 'confirm_empty') ELSE job.options END)
                        UNION SELECT unnest(excluded.options)),
        asked_json = CASE WHEN excluded.generation > job.generation THEN excluded.asked_json
                          ELSE coalesce(job.asked_json, excluded.asked_json) END,
        traceparent = coalesce(excluded.traceparent, job.traceparent),
        preview_id = CASE WHEN excluded.generation > job.generation THEN excluded.preview_id ELSE job.preview_id END,
        status = 'queued', run_after = now(), queued_at = now(),
        attempt = 0, lost = 0, last_error = NULL, cancel_requested = false
    RETURNING job.id
    """  # noqa: S608 - only enum literals are formatted in
)


async def enqueue(
    session: Statements,
    *,
    deployment: UUID,
    user: UUID,
    cluster: str,
    reason: JobReason,
    generation: int,
    options: Collection[JobOption] = (),
    asked: dict[str, Any] | None = None,
    preview: UUID | None = None,
) -> UUID:
    """Queue a job for the deployment's newest generation and return the id of the job that carries it.

    The caller holds the deployment's row lock. A waiting job takes the wish in: newest generation, stronger reason
    (delete beats all), due now, counters reset, options united (a confirmation holds for its own generation only).
    `asked` is who asked and what was changed; `preview` is what was promised. Its place is that of start-time fair
    queueing: behind the user's own waiting jobs that go before it, or level with the changes at work; ten thousand jobs of one
    user do not delay another's one. The job goes on in the trace of the newest wish.
    """
    values = {
        "id": new_id(),
        "deployment": deployment,
        "user": user,
        "cluster": cluster,
        "reason": reason.value,
        "generation": generation,
        "priority": priority(reason),
        "options": f"{{{','.join(option.value for option in options)}}}",
        "asked": msgspec.json.encode(asked).decode() if asked else None,
        "preview": preview,
        "traceparent": tracing.traceparent(),
    }
    job: UUID = (await session.execute(_ENQUEUE, values)).scalar_one()
    tracing.note(deployment=deployment, job=job)
    return job

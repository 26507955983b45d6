"""Applying a report: the rows it is judged by, locked, and the writes that its decision asks for."""

from typing import Any

import msgspec
from sqlalchemy import text

from slipway.database.engine import WriteSession
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.jobs import JobReason, JobStatus
from slipway.domain.outcomes import Outcome
from slipway.domain.projection import Decision, DeploymentRow, JobRow
from slipway.messaging.messages import Report

_LOCK_DEPLOYMENT = text(
    """
    SELECT d.status, d.generation, d.cluster, d.desired_template_id, d.user_values_json,
        EXISTS (SELECT FROM deployment_reconcile_job w WHERE w.deployment_id = d.id
                AND w.id <> :job AND w.status IN ('queued', 'delayed')) AS successor_waits
    FROM deployment d WHERE d.id = :deployment FOR NO KEY UPDATE OF d
    """
)
_LOCK_JOB = text(
    """
    SELECT id, status, reason, coalesce(fence, 0) AS fence, seq, generation, attempt, cancel_requested,
        extract(epoch FROM now() - queued_at)::float8 AS elapsed_sec,
        extract(epoch FROM locked_at - queued_at)::float8 * 1000 AS request_to_lease,
        extract(epoch FROM published_at - locked_at)::float8 * 1000 AS lease_to_publish,
        greatest(0, extract(epoch FROM claimed_at - published_at)::float8 * 1000) AS publish_to_claim,
        extract(epoch FROM clock_timestamp() - claimed_at)::float8 * 1000 AS claim_to_end,
        extract(epoch FROM clock_timestamp() - queued_at)::float8 * 1000 AS total
    FROM deployment_reconcile_job WHERE id = :job AND deployment_id = :deployment FOR UPDATE
    """
)
_INBOX = text(
    """
    INSERT INTO report_record (job_id, fence, seq, deployment_id, applied, note)
    VALUES (:job, :fence, :seq, :deployment, :applied, :note) ON CONFLICT DO NOTHING RETURNING seq
    """
)
_FINISH_JOB = text(
    """
    UPDATE deployment_reconcile_job SET status = coalesce(CAST(:status AS text), status), seq = :seq, attempt = :attempt,
        lost = 0, last_error = :error, detail_json = CAST(:detail AS jsonb),
        run_after = CASE WHEN CAST(:status AS text) = 'delayed' THEN now() + make_interval(secs => :delay) ELSE run_after END,
        finished_at = CASE WHEN CAST(:status AS text) NOT IN ('delayed', 'queued') THEN clock_timestamp() END
    WHERE id = :job
    """
)
_ADVANCE_SEQ = text("UPDATE deployment_reconcile_job SET seq = :seq WHERE id = :job")
_SET_STATUS = text(
    """
    UPDATE deployment SET status = :status, last_error = :error, failure_class = :class,
        hold_generation = CASE WHEN :hold THEN generation ELSE NULL END,
        last_reconcile_at = now(), deleted_at = CASE WHEN :deleted THEN now() ELSE deleted_at END,
        drifted = drifted AND CAST(:status AS text) <> 'ready',
        drift_json = CASE WHEN CAST(:status AS text) = 'ready' THEN NULL ELSE drift_json END,
        usage_json = CASE WHEN :deleted THEN NULL ELSE coalesce(CAST(:usage AS jsonb), usage_json) END
    WHERE id = :deployment
    """
)
_FORGET_SECRETS = text("DELETE FROM deployment_secret WHERE deployment_id = :deployment")
_SET_APPLIED = text(
    """
    UPDATE deployment d SET applied_generation = :generation, last_reconcile_at = now(),
        applied_template_id = CASE WHEN d.generation = :generation THEN d.desired_template_id ELSE coalesce(
            (SELECT r.template_id FROM deployment_revision r
             WHERE r.deployment_id = d.id AND r.generation = :generation ORDER BY r.revision DESC LIMIT 1),
            d.applied_template_id) END
    WHERE d.id = :deployment
    """
)
_REVISION = text(
    """
    INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, user_values_json, chart_digest,
        digest, succeeded, job_id, asked_json)
    SELECT d.id, :revision, :generation, d.desired_template_id, d.user_values_json, :chart_digest, :digest, :succeeded,
        j.id, j.asked_json
    FROM deployment d JOIN deployment_reconcile_job j ON j.id = :job WHERE d.id = :deployment AND d.generation = :generation
    ON CONFLICT (deployment_id, revision) DO UPDATE SET generation = excluded.generation,
        succeeded = deployment_revision.succeeded OR excluded.succeeded
    """
)
_SUCCEEDED = text(
    "UPDATE deployment_revision SET succeeded = true"
    " WHERE deployment_id = :deployment AND revision = :revision AND generation = :generation AND NOT succeeded"
)
_REVISION_AGAIN = text(
    """
    INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, user_values_json, chart_digest,
        digest, succeeded, job_id, asked_json)
    SELECT deployment_id, :revision, generation, template_id, user_values_json, chart_digest, digest, succeeded, :job, NULL
    FROM deployment_revision WHERE deployment_id = :deployment AND revision = :back_to
    ON CONFLICT (deployment_id, revision) DO NOTHING
    """
)
_RAISE_FENCE = text("SELECT setval('job_fence', greatest(:fence, (SELECT last_value FROM job_fence)))")


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """A job and its deployment, locked in that order of the whole system: deployment, then job."""

    job: JobRow
    deployment: DeploymentRow
    stages_ms: dict[str, float]
    """Milliseconds between the stages of the job so far, in database time."""


async def lock(session: WriteSession, report: Report) -> Locked | None:
    """Lock what the report is about; None when there is no such job (any more)."""
    keys = {"job": report.job, "deployment": report.deployment}
    deployment = (await session.execute(_LOCK_DEPLOYMENT, keys)).mappings().one_or_none()
    job = (await session.execute(_LOCK_JOB, keys)).mappings().one_or_none() if deployment else None
    if deployment is None or job is None:
        return None
    stages = ("request_to_lease", "lease_to_publish", "publish_to_claim", "claim_to_end", "total")
    return Locked(
        job=JobRow(
            id=job["id"],
            status=JobStatus(job["status"]),
            reason=JobReason(job["reason"]),
            fence=job["fence"],
            seq=job["seq"],
            generation=job["generation"],
            attempt=job["attempt"],
            elapsed_sec=job["elapsed_sec"],
            cancel_requested=job["cancel_requested"],
        ),
        deployment=DeploymentRow(
            status=DeploymentStatus(deployment["status"]),
            generation=deployment["generation"],
            cluster=deployment["cluster"],
            successor_waits=deployment["successor_waits"],
        ),
        stages_ms={name: round(job[name], 1) for name in stages if job[name] is not None},
    )


async def remember(session: WriteSession, report: Report, *, applied: bool, note: str | None = None) -> bool:
    """Put the report into the inbox; False when it was there already."""
    values = {"job": report.job, "fence": report.fence, "seq": report.seq, "deployment": report.deployment}
    found = await session.execute(_INBOX, {**values, "applied": applied, "note": note})
    return found.one_or_none() is not None


async def write(session: WriteSession, report: Report, decision: Decision, detail: dict[str, Any]) -> None:
    """Write a decision. Revisions and applied_* are facts of the cluster and are written whatever was decided."""
    await _write_revisions(session, report)
    if decision.raise_fence_to is not None:
        await session.execute(_RAISE_FENCE, {"fence": decision.raise_fence_to})
    reason = decision.failure.reason if decision.failure else None
    if decision.job_status is None:
        await session.execute(_ADVANCE_SEQ, {"seq": report.seq, "job": report.job})
    else:
        finished = {
            "status": decision.job_status.value,
            "seq": report.seq,
            "attempt": decision.attempt,
            "error": reason,
            "detail": msgspec.json.encode(detail).decode(),
            "delay": decision.delay_sec,
            "job": report.job,
        }
        await session.execute(_FINISH_JOB, finished)
    if decision.status is not None:
        status = {
            "status": decision.status.value,
            "error": reason,
            "class": decision.failure.failure_class.value if decision.failure else None,
            "hold": decision.hold,
            "deleted": decision.deleted,
            "usage": msgspec.json.encode(report.usage).decode() if report.usage else None,
            "deployment": report.deployment,
        }
        await session.execute(_SET_STATUS, status)
    if decision.deleted:
        await session.execute(_FORGET_SECRETS, {"deployment": report.deployment})


async def _write_revisions(session: WriteSession, report: Report) -> None:
    known = {"deployment": report.deployment, "job": report.job}
    applied = report.applied
    if report.failed_revision is not None:
        failed = {"revision": report.failed_revision, "generation": report.generation, "succeeded": False}
        await session.execute(_REVISION, {**known, **failed, "chart_digest": None, "digest": ""})
    if applied is None or applied.generation is None:
        return
    await session.execute(_SET_APPLIED, {"deployment": report.deployment, "generation": applied.generation})
    if applied.revision is None:
        return
    if report.rolled_back_to is not None:
        again = {"revision": applied.revision, "back_to": report.rolled_back_to}
        await session.execute(_REVISION_AGAIN, {**known, **again})
        return
    revision = {
        "revision": applied.revision,
        "generation": applied.generation,
        "chart_digest": applied.chart_digest,
        "digest": applied.digest or "",
        "succeeded": report.outcome is Outcome.DONE,
    }
    await session.execute(_REVISION, {**known, **revision})
    if revision["succeeded"]:  # also when a change came in between, which keeps the insert from finding its generation
        await session.execute(_SUCCEEDED, {**known, **revision})

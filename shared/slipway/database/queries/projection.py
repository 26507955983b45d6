"""Applying reports: the rows they are judged by, locked, and the writes that their decisions ask for. Many at a time."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from slipway.database.hot import Hot, Statement
from slipway.database.queries import outbox, revisions
from slipway.database.queries.arrays import columns, each_of
from slipway.database.queries.outbox import Told
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.jobs import JobReason, JobStatus
from slipway.domain.projection import Decision, DeploymentRow, JobRow
from slipway.messaging.messages import Report

_LOCK_DEPLOYMENTS = """
    SELECT d.id, d.status, d.generation, d.cluster FROM deployment d
    WHERE d.id = ANY(:deployments) ORDER BY d.id FOR NO KEY UPDATE OF d
"""
_WAIT_FOR_DEPLOYMENTS = Statement(_LOCK_DEPLOYMENTS)
_LOCK_FREE_DEPLOYMENTS = Statement(f"{_LOCK_DEPLOYMENTS} SKIP LOCKED")
_LOCK_JOBS = Statement(
    """
    SELECT id, deployment_id, status, reason, coalesce(fence, 0) AS fence, seq, generation, attempt, cancel_requested,
        extract(epoch FROM now() - queued_at)::float8 AS elapsed_sec,
        extract(epoch FROM locked_at - queued_at)::float8 * 1000 AS request_to_lease,
        extract(epoch FROM claimed_at - locked_at)::float8 * 1000 AS lease_to_claim,
        extract(epoch FROM clock_timestamp() - claimed_at)::float8 * 1000 AS claim_to_end,
        extract(epoch FROM clock_timestamp() - queued_at)::float8 * 1000 AS total,
        EXISTS (SELECT FROM deployment_reconcile_job w WHERE w.deployment_id = j.deployment_id
                AND w.id <> j.id AND w.status IN ('queued', 'delayed')) AS successor_waits
    FROM deployment_reconcile_job j WHERE id = ANY(:jobs) ORDER BY id FOR UPDATE OF j
    """
)
_INBOX = Statement(
    """
    INSERT INTO report_record (job_id, fence, seq, deployment_id, applied, note)
    SELECT * FROM unnest(CAST(:job AS uuid[]), CAST(:fence AS bigint[]), CAST(:seq AS int[]), CAST(:deployment AS uuid[]),
        CAST(:applied AS boolean[]), CAST(:note AS text[]))
    ON CONFLICT DO NOTHING RETURNING job_id
    """
)
_FINISH_JOBS = Statement(
    """
    UPDATE deployment_reconcile_job j SET status = f.status, seq = f.seq, attempt = f.attempt,
        lost = 0, last_error = f.error, detail_json = CAST(f.detail AS jsonb),
        run_after = CASE WHEN f.status = 'delayed' THEN now() + make_interval(secs => f.delay) ELSE run_after END,
        finished_at = CASE WHEN f.status NOT IN ('delayed', 'queued') THEN clock_timestamp() END
    FROM unnest(CAST(:job AS uuid[]), CAST(:status AS text[]), CAST(:seq AS int[]), CAST(:attempt AS int[]),
        CAST(:error AS text[]), CAST(:detail AS text[]), CAST(:delay AS float8[]))
        AS f (job, status, seq, attempt, error, detail, delay)
    WHERE j.id = f.job
    """
)
_ADVANCE_SEQ = Statement(
    "UPDATE deployment_reconcile_job j SET seq = s.seq"
    " FROM unnest(CAST(:job AS uuid[]), CAST(:seq AS int[])) AS s (job, seq) WHERE j.id = s.job"
)
_TELL = Statement(
    f"""
    WITH {outbox.TOLD},
    d AS (
        UPDATE deployment d SET event_seq = d.event_seq + w.number,
            last_reconcile_at = CASE WHEN w.applied IS NULL AND w.status IS NULL THEN d.last_reconcile_at ELSE now() END,
            applied_generation = coalesce(w.applied, d.applied_generation),
            applied_template_id = CASE WHEN w.applied IS NULL THEN d.applied_template_id
                WHEN w.applied = d.generation THEN d.desired_template_id ELSE coalesce(
                    (SELECT r.template_id FROM deployment_revision r
                     WHERE r.deployment_id = d.id AND r.generation = w.applied ORDER BY r.revision DESC LIMIT 1),
                    d.applied_template_id) END,
            status = coalesce(w.status, d.status),
            last_error = CASE WHEN w.status IS NULL THEN d.last_error ELSE w.error END,
            failure_class = CASE WHEN w.status IS NULL THEN d.failure_class ELSE w.class END,
            hold_generation = CASE WHEN w.status IS NULL THEN d.hold_generation WHEN w.hold THEN d.generation END,
            deleted_at = CASE WHEN w.deleted THEN now() ELSE d.deleted_at END,
            scan_after = CASE WHEN w.status = 'ready' THEN coalesce(d.scan_after, now())
                WHEN w.status IN ('error', 'deleted') THEN NULL ELSE d.scan_after END,
            drifted = d.drifted AND w.status IS DISTINCT FROM 'ready',
            drift_json = CASE WHEN w.status IS DISTINCT FROM 'ready' THEN d.drift_json END,
            usage_json = CASE WHEN w.status IS NULL THEN d.usage_json
                WHEN NOT w.deleted THEN coalesce(CAST(w.usage AS jsonb), d.usage_json) END
        FROM (SELECT w.*, coalesce(steps.number, 0) AS number
              FROM unnest(CAST(:deployment AS uuid[]), CAST(:applied AS bigint[]), CAST(:status AS text[]),
                  CAST(:error AS text[]), CAST(:class AS text[]), CAST(:hold AS boolean[]), CAST(:deleted AS boolean[]),
                  CAST(:usage AS text[])) AS w (deployment, applied, status, error, class, hold, deleted, usage)
              LEFT JOIN steps ON steps.deployment = w.deployment) w
        WHERE d.id = w.deployment
        RETURNING d.id, d.event_seq - w.number AS before, d.user_id)
    {outbox.INSERT_TOLD}
    """  # noqa: S608 - fixed words only
)
_FORGET_SECRETS = Statement("DELETE FROM deployment_secret WHERE deployment_id = ANY(:deployment)")
_FORGET_OLD_SECRETS = Statement(
    "UPDATE deployment_revision SET secrets_json = NULL WHERE deployment_id = ANY(:deployment)"
)
_RAISE_FENCE = Statement("SELECT setval('job_fence', greatest(:fence, (SELECT last_value FROM job_fence)))")
_STAGES = ("request_to_lease", "lease_to_claim", "claim_to_end", "total")


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """A job and its deployment, locked in that order of the whole system: deployment, then job."""

    job: JobRow
    deployment: DeploymentRow
    stages_ms: dict[str, float]
    """Milliseconds between the stages of the job so far, in database time."""


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it is remembered: whether it was applied, and why not."""

    report: Report
    applied: bool
    note: str | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A report, what is done about it, and what people find in the job."""

    report: Report
    decision: Decision
    detail: dict[str, Any]


async def lock_deployments(hot: Hot, reports: Sequence[Report]) -> dict[UUID, Any]:
    """Lock the deployments of reports; return their rows. Of several those are left out that somebody else has in hand."""
    statement = _WAIT_FOR_DEPLOYMENTS if len(reports) == 1 else _LOCK_FREE_DEPLOYMENTS
    return {row["id"]: row for row in await hot.fetch(statement, deployments=[each.deployment for each in reports])}


async def lock_jobs(hot: Hot, reports: Sequence[Report], deployments: dict[UUID, Any]) -> dict[UUID, Locked]:
    """Lock the jobs of reports whose deployments are locked; return what was found, by job."""
    of = {report.job: report.deployment for report in reports if report.deployment in deployments}
    rows = await hot.fetch(_LOCK_JOBS, jobs=list(of)) if of else ()
    return {
        row["id"]: _locked(row, deployments[of[row["id"]]]) for row in rows if row["deployment_id"] == of[row["id"]]
    }


def _locked(job: Any, deployment: Any) -> Locked:
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
            successor_waits=job["successor_waits"],
        ),
        stages_ms={name: round(job[name], 1) for name in _STAGES if job[name] is not None},
    )


async def remember(hot: Hot, inbox: Sequence[Inbox]) -> set[UUID]:
    """Put reports into the inbox, one of each job; return the jobs of those that were not there already."""
    rows = [
        {
            "job": each.report.job,
            "fence": each.report.fence,
            "seq": each.report.seq,
            "deployment": each.report.deployment,
            "applied": each.applied,
            "note": each.note,
        }
        for each in inbox
    ]
    return {row["job_id"] for row in await each_of(hot, _INBOX, rows)}


async def write(hot: Hot, decided: Sequence[Decided], told: Sequence[Told]) -> None:
    """Write decisions and their events. Revisions and applied_* are facts of the cluster: written whatever was decided."""
    await revisions.write(hot, [each.report for each in decided])
    fences = [each.decision.raise_fence_to for each in decided if each.decision.raise_fence_to is not None]
    if fences:
        await hot.fetch(_RAISE_FENCE, fence=max(fences))
    going_on = [each.report for each in decided if each.decision.job_status is None]
    await each_of(hot, _ADVANCE_SEQ, [{"job": report.job, "seq": report.seq} for report in going_on])
    await each_of(hot, _FINISH_JOBS, [_finished(each) for each in decided if each.decision.job_status])
    wide = [_of_deployment(each) for each in decided]
    heard = {each.deployment for each in told}
    if wide := [row for row in wide if row["status"] or row["applied"] is not None or row["deployment"] in heard]:
        await hot.fetch(_TELL, **columns(wide), **outbox.columns_of(told))
    gone = [{"deployment": each.report.deployment} for each in decided if each.decision.deleted]
    await each_of(hot, _FORGET_SECRETS, gone)
    await each_of(hot, _FORGET_OLD_SECRETS, gone)


def _finished(decided: Decided) -> dict[str, Any]:
    decision = decided.decision
    return {
        "job": decided.report.job,
        "status": decision.job_status and decision.job_status.value,
        "seq": decided.report.seq,
        "attempt": decision.attempt,
        "error": decision.failure.reason if decision.failure else None,
        "detail": msgspec.json.encode(decided.detail).decode(),
        "delay": decision.delay_sec,
    }


def _of_deployment(decided: Decided) -> dict[str, Any]:
    """Return what becomes of the wide row: one update for a report."""
    decision, usage, applied = decided.decision, decided.report.usage, decided.report.applied
    return {
        "deployment": decided.report.deployment,
        "applied": applied.generation if applied else None,
        "status": decision.status and decision.status.value,
        "error": decision.failure.reason if decision.failure else None,
        "class": decision.failure.failure_class.value if decision.failure else None,
        "hold": decision.hold,
        "deleted": decision.deleted,
        "usage": msgspec.json.encode(usage).decode() if usage else None,
    }

"""Revisions and what of a deployment is applied: facts of the cluster, as reports tell them."""

from collections.abc import Sequence
from typing import Any

from slipway.database.hot import Hot, Statement
from slipway.database.queries.arrays import each_of
from slipway.domain.outcomes import Outcome
from slipway.messaging.messages import Report

_NOT_THERE = Statement(
    """
    DELETE FROM deployment_revision r USING unnest(CAST(:deployment AS uuid[]), CAST(:newest AS int[]),
        CAST(:revision AS int[]), CAST(:digest AS text[])) AS n (deployment, newest, revision, digest)
    WHERE r.deployment_id = n.deployment
      AND (r.revision > n.newest OR (r.revision = n.revision AND r.digest <> n.digest AND r.digest <> ''))
    """
)
_REVISION = Statement(
    """
    INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, user_values_json, chart_digest,
        digest, succeeded, job_id, asked_json, secrets_json)
    SELECT d.id, r.revision, r.generation, d.desired_template_id, d.user_values_json, r.chart_digest, r.digest, r.succeeded,
        j.id, j.asked_json,
        (SELECT jsonb_object_agg(s.name, s.ciphertext) FROM deployment_secret s WHERE s.deployment_id = d.id)
    FROM unnest(CAST(:deployment AS uuid[]), CAST(:job AS uuid[]), CAST(:revision AS int[]), CAST(:generation AS bigint[]),
        CAST(:chart_digest AS text[]), CAST(:digest AS text[]), CAST(:succeeded AS boolean[]))
        AS r (deployment, job, revision, generation, chart_digest, digest, succeeded)
    JOIN deployment d ON d.id = r.deployment AND d.generation = r.generation
    JOIN deployment_reconcile_job j ON j.id = r.job
    ON CONFLICT (deployment_id, revision) DO UPDATE SET generation = excluded.generation,
        succeeded = deployment_revision.succeeded OR excluded.succeeded
    """
)
_SUCCEEDED = Statement(
    """
    UPDATE deployment_revision r SET succeeded = true
    FROM unnest(CAST(:deployment AS uuid[]), CAST(:revision AS int[]), CAST(:generation AS bigint[]))
        AS s (deployment, revision, generation)
    WHERE r.deployment_id = s.deployment AND r.revision = s.revision AND r.generation = s.generation AND NOT r.succeeded
    """
)
_REVISION_AGAIN = Statement(
    """
    INSERT INTO deployment_revision (deployment_id, revision, generation, template_id, user_values_json, chart_digest,
        digest, succeeded, job_id, secrets_json)
    SELECT r.deployment_id, b.revision, r.generation, r.template_id, r.user_values_json, r.chart_digest, r.digest,
        r.succeeded, b.job, r.secrets_json
    FROM unnest(CAST(:deployment AS uuid[]), CAST(:job AS uuid[]), CAST(:revision AS int[]), CAST(:back_to AS int[]))
        AS b (deployment, job, revision, back_to)
    JOIN deployment_revision r ON r.deployment_id = b.deployment AND r.revision = b.back_to
    ON CONFLICT (deployment_id, revision) DO NOTHING
    """
)


async def write(hot: Hot, reports: Sequence[Report]) -> None:
    """Write what reports tell, each of another deployment, all of them locked."""
    found = [report.applied for report in reports]
    there = [
        {"deployment": report.deployment, "newest": each.newest, "revision": each.revision, "digest": each.digest}
        for report, each in zip(reports, found, strict=True)
        if each and each.newest is not None  # a release that was removed behind our back counts from 1 again
    ]
    await each_of(hot, _NOT_THERE, there)
    failed = [_failed(report) for report in reports if report.failed_revision is not None]
    await each_of(hot, _REVISION, failed)
    applied = [report for report in reports if report.applied and report.applied.generation is not None]
    applied = [report for report in applied if report.applied and report.applied.revision is not None]
    again = [_again(report) for report in applied if report.rolled_back_to is not None]
    await each_of(hot, _REVISION_AGAIN, again)
    made = [_made(report) for report in applied if report.rolled_back_to is None]
    await each_of(hot, _REVISION, made)
    # Also when a change came in between, which keeps the insert from finding its generation.
    await each_of(hot, _SUCCEEDED, [row for row in made if row["succeeded"]])


def _failed(report: Report) -> dict[str, Any]:
    failed = {"revision": report.failed_revision, "generation": report.generation, "succeeded": False}
    return {"deployment": report.deployment, "job": report.job, **failed, "chart_digest": None, "digest": ""}


def _again(report: Report) -> dict[str, Any]:
    revision = report.applied.revision if report.applied else None
    return {
        "deployment": report.deployment,
        "job": report.job,
        "revision": revision,
        "back_to": report.rolled_back_to,
    }


def _made(report: Report) -> dict[str, Any]:
    applied = report.applied
    assert applied is not None  # noqa: S101 - the caller has looked
    return {
        "deployment": report.deployment,
        "job": report.job,
        "revision": applied.revision,
        "generation": applied.generation,
        "chart_digest": applied.chart_digest,
        "digest": applied.digest or "",
        "succeeded": report.outcome is Outcome.DONE,
    }

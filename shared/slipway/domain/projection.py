"""What a report does to its job and its deployment: one pure decision, read off the rows that were locked."""

from uuid import UUID

import msgspec

from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import EventType
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.jobs import FINISHED, WAITING, JobReason, JobStatus, RetryPolicy, backoff_sec
from slipway.domain.outcomes import Outcome

HAND_BACK_SEC = 2.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What of a report matters to the decision."""

    fence: int
    seq: int
    cluster: str
    generation: int
    outcome: Outcome
    failure: Failure | None = None
    gone: bool = False
    stored_fence: int | None = None


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """The job as it stands. `elapsed_sec` counts from the moment it was queued, in database time."""

    id: UUID
    status: JobStatus
    reason: JobReason
    fence: int
    seq: int
    generation: int
    attempt: int
    elapsed_sec: float
    cancel_requested: bool = False


class DeploymentRow(msgspec.Struct, frozen=True, kw_only=True):
    status: DeploymentStatus
    generation: int
    cluster: str
    successor_waits: bool
    """Whether another job of the deployment waits already."""


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """The report changes nothing; `note` is why."""

    note: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to write. A field left at its default is left alone in the database."""

    job_status: JobStatus | None = None
    delay_sec: float = 0.0
    """With `job_status` delayed: when it is due again."""
    attempt: int = 0
    status: DeploymentStatus | None = None
    failure: Failure | None = None
    """With `status`: what `last_error` and `failure_class` become; None clears them."""
    hold: bool = False
    deleted: bool = False
    raise_fence_to: int | None = None
    event: EventType | None = None
    will_retry: bool = False


def project(
    report: Seen, job: JobRow, deployment: DeploymentRow, policy: RetryPolicy, jitter: float
) -> Decision | Ignored:
    """Decide. `jitter` is a random number in [0, 1) from the caller."""
    if ignored := _why_ignored(report, job, deployment):
        return ignored
    if report.outcome is Outcome.PROGRESS:
        return Decision(attempt=job.attempt, event=EventType.DEPLOYMENT_PROGRESSED)
    if job.status in WAITING and job.generation != report.generation:
        return Decision(attempt=job.attempt)  # the row carries a newer wish by now; what was applied is still recorded
    if job.cancel_requested and report.outcome is not Outcome.DONE:
        return _cancelled(report, job, deployment)
    match report.outcome:
        case Outcome.DONE:
            return _done(report, job, deployment)
        case Outcome.FAILED:
            return _failed(report, job, deployment, policy, jitter)
        case Outcome.STOPPED:
            return _again(job, deployment, delay_sec=0.0)
        case Outcome.FENCE_AHEAD:
            return _again(job, deployment, delay_sec=0.0, raise_fence_to=report.stored_fence)
        case _:
            return _again(job, deployment, delay_sec=HAND_BACK_SEC)


def _why_ignored(report: Seen, job: JobRow, deployment: DeploymentRow) -> Ignored | None:
    if report.cluster != deployment.cluster:
        return Ignored(note="from another cluster than the deployment's")
    if report.fence != job.fence:
        return Ignored(note="another fence holds the job")
    if report.seq <= job.seq:
        return Ignored(note="not newer than what was applied")
    return Ignored(note=f"the job is {job.status}") if job.status in FINISHED else None


def _done(report: Seen, job: JobRow, deployment: DeploymentRow) -> Decision:
    if report.gone and deployment.status is DeploymentStatus.DELETING:
        return Decision(
            job_status=JobStatus.SUCCEEDED,
            attempt=job.attempt,
            status=DeploymentStatus.DELETED,
            deleted=True,
            event=EventType.DEPLOYMENT_DELETED,
        )
    current = report.generation == deployment.generation and deployment.status is not DeploymentStatus.DELETING
    return Decision(
        job_status=JobStatus.SUCCEEDED,
        attempt=job.attempt,
        status=DeploymentStatus.READY if current else None,
        event=EventType.DEPLOYMENT_READY if current else EventType.DEPLOYMENT_PROGRESSED,
    )


def _failed(report: Seen, job: JobRow, deployment: DeploymentRow, policy: RetryPolicy, jitter: float) -> Decision:
    failure = report.failure or _unexplained()
    attempt = job.attempt + (failure.cluster_changed or failure.counted)
    deleting = job.reason is JobReason.DELETE
    current = report.generation == deployment.generation
    retry = deleting or (failure.failure_class is FailureClass.TRANSIENT and attempt < policy.attempts)
    if deployment.successor_waits:
        job_status, will_retry = JobStatus.SUPERSEDED, True
    elif retry:
        job_status, will_retry = JobStatus.DELAYED, True
    else:
        job_status, will_retry = JobStatus.FAILED, False
    return Decision(
        job_status=job_status,
        delay_sec=backoff_sec(policy, job.elapsed_sec, jitter) if job_status is JobStatus.DELAYED else 0.0,
        attempt=attempt,
        status=_failed_status(deployment.status) if current else None,
        failure=failure,
        hold=current and not will_retry,
        event=EventType.DEPLOYMENT_FAILED,
        will_retry=will_retry,
    )


def _failed_status(now: DeploymentStatus) -> DeploymentStatus:
    """A delete that failed goes on being a delete."""
    return now if now is DeploymentStatus.DELETING else DeploymentStatus.ERROR


def _cancelled(report: Seen, job: JobRow, deployment: DeploymentRow) -> Decision:
    """A person asked it to stop, and it did, in whatever way."""
    current = report.generation == deployment.generation and not deployment.successor_waits
    reason = "a person cancelled it; the cluster keeps what it has"
    return Decision(
        job_status=JobStatus.CANCELLED,
        attempt=job.attempt,
        status=DeploymentStatus.ERROR if current else None,
        failure=Failure(failure_class=FailureClass.CANCELLED, code="cancelled", reason=reason),
        hold=current,
        event=EventType.DEPLOYMENT_FAILED if current else None,
        raise_fence_to=report.stored_fence if report.outcome is Outcome.FENCE_AHEAD else None,
    )


def _again(job: JobRow, deployment: DeploymentRow, *, delay_sec: float, raise_fence_to: int | None = None) -> Decision:
    """Run it once more without counting a try, unless a newer job does."""
    status = JobStatus.SUPERSEDED if deployment.successor_waits else JobStatus.DELAYED
    return Decision(job_status=status, delay_sec=delay_sec, attempt=job.attempt, raise_fence_to=raise_fence_to)


def _unexplained() -> Failure:
    return Failure(failure_class=FailureClass.TRANSIENT, code="unexplained", reason="the executor gave no reason")

"""Reconcile jobs, for admins."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from slipway.database.engine import WriteSession
from slipway.database.errors import Taken
from slipway.database.models import DeploymentReconcileJob
from slipway.database.queries import deployments, jobs, outbox
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import EventType
from slipway.domain.jobs import JobReason, JobStatus
from slipway_api.accepting import Answer, accepting, actor, respond
from slipway_api.auth.gate import Caller, admin_of, caller_of
from slipway_api.deps import Deps
from slipway_api.problems import ApiError, not_found
from slipway_api.schemas.common import Empty, Page, cursor_of, limit_of, page_of
from slipway_api.schemas.deployments import DeploymentReconcileJobRead, read_job

Req = Request[Any, Any, Any]
AGAIN = (JobStatus.FAILED, JobStatus.CANCELLED)
"""What can be queued again while it is in the queue's table."""


@get("/jobs", tags=["jobs"])
async def list_jobs(
    request: Req,
    deps: NamedDependency[Deps],
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
    status: FromQuery[JobStatus | None] = None,
) -> Page[DeploymentReconcileJobRead]:
    """List all jobs, newest first. Admins only."""
    caller = admin_of(request)
    async with deps.database.reading(caller.scope) as session:
        rows = await jobs.page(session, cursor=cursor_of(cursor), limit=limit_of(limit), status=status)
    return page_of(rows, limit, read_job)


@post("/jobs/{job_id:uuid}/requeue", tags=["jobs"], status_code=200)
async def requeue_job(
    job_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentReconcileJobRead]:
    """Queue a job again that failed, was cancelled or quarantined, or waits out a pause. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        job, deployment = await _locked(session, job_id)
        _refuse_ended(job, deployment)
        try:
            if not await jobs.requeue(session, job_id, job.deployment_id):
                raise ApiError("conflict", _why_not_again(job))
        except Taken:
            raise ApiError("job_waiting", "a newer job of this deployment waits already") from None
        await _tell(session, caller, job, EventType.JOB_REQUEUED)
        answer = Answer(body=read_job(await _job(session, job_id)), status=200)
    await deps.wake()
    return respond(answer)


@post("/jobs/{job_id:uuid}/fail", tags=["jobs"], status_code=200)
async def fail_job(
    job_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentReconcileJobRead]:
    """End a job as failed; its executor, if any, is fenced off. Admins only."""
    caller = caller_of(request)
    async with accepting(deps, caller, request) as session:
        admin_of(request)
        job, _ = await _locked(session, job_id)
        if not await jobs.fail(session, job_id, job.deployment_id, error="an admin ended the job"):
            raise ApiError("conflict", f"the job is {job.status}: it has ended already")
        await _tell(session, caller, job, EventType.JOB_FAILED)
        answer = Answer(body=read_job(await _job(session, job_id)), status=200)
    await deps.wake()
    return respond(answer)


async def _locked(session: WriteSession, job_id: UUID) -> tuple[DeploymentReconcileJob, DeploymentRow | None]:
    """Return the job, and its deployment with that one locked first, as the lock order has it."""
    deployment = await deployments.lock(session, (await _job(session, job_id)).deployment_id)
    return await _job(session, job_id), deployment


def _refuse_ended(job: DeploymentReconcileJob, deployment: DeploymentRow | None) -> None:
    """409 when the job could bring back what is deleted, or is being deleted."""
    status = deployment.status if deployment else DeploymentStatus.DELETED
    ending = status == DeploymentStatus.DELETING and job.reason != JobReason.DELETE
    if ending or status == DeploymentStatus.DELETED:
        raise ApiError("deleting", f"the deployment is {status}: only its delete goes on")


def _why_not_again(job: DeploymentReconcileJob) -> str:
    if job.status in AGAIN:
        return "the job ended long ago and has left the queue: reconcile its deployment instead"
    return f"the job is {job.status}: it cannot be queued again"


async def _job(session: WriteSession, job_id: UUID) -> DeploymentReconcileJob:
    job = await jobs.get(session, job_id)
    if job is None:
        raise not_found("job")
    return job


async def _tell(session: WriteSession, caller: Caller, job: DeploymentReconcileJob, event: EventType) -> None:
    data = {"job": str(job.id), "was": job.status}
    await outbox.record(session, event, actor=actor(caller), data=data, deployment=job.deployment_id)


HANDLERS = [list_jobs, requeue_job, fail_job]

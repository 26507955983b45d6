"""What one may ask of a deployment without changing what is wanted of it."""

from uuid import UUID

from slipway.database.engine import WriteSession
from slipway.database.models import Deployment
from slipway.database.queries import deployments, holding, wishes
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import EventType
from slipway.domain.failures import FailureClass
from slipway.domain.jobs import JobOption, JobReason
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.operations.deployments import refuse_deleting
from slipway_api.problems import ApiError

CANCELLED = "a person cancelled it; the cluster keeps what it has"


async def reconcile(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Compare with the cluster and correct, whatever was held back before: after a failure, another try."""
    failed = deployment.status == DeploymentStatus.ERROR
    await _again(
        session, caller, deployment, JobOption.COMPARE, EventType.DEPLOYMENT_RECONCILE_REQUESTED,
        reason=JobReason.RETRY if failed else JobReason.MANUAL,
    )  # fmt: skip


async def restart(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Have all pods made anew."""
    await _again(session, caller, deployment, JobOption.RESTART, EventType.DEPLOYMENT_RESTART_REQUESTED)


async def test(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Run the chart's tests; how they ended is on the feed, and in the job."""
    await _again(session, caller, deployment, JobOption.TEST, EventType.DEPLOYMENT_TEST_REQUESTED)


async def cancel(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Stop what runs and waits; the cluster keeps what it has. Nothing runs, or it is suspended: nothing to do."""
    refuse_deleting(deployment)
    if deployment.suspended:
        return
    unclaimed = await holding.cancel_unclaimed(session, deployment.id)
    running = await holding.cancel_running(session, deployment.id)
    if not (unclaimed or running):
        return
    if unclaimed:  # what was wanted last will not be tried; a running job reports what it leaves
        await deployments.change(
            session, deployment, status=DeploymentStatus.ERROR.value, last_error=CANCELLED,
            failure_class=FailureClass.CANCELLED.value, hold_generation=deployment.generation, scan_after=None,
        )  # fmt: skip
    await wishes.tell(session, deployment, EventType.DEPLOYMENT_CANCEL_REQUESTED, {}, actor=actor(caller))


async def suspend(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Hold back all jobs but a delete; what runs finishes, changes are accepted and wait."""
    await _hold(session, caller, deployment, EventType.DEPLOYMENT_SUSPENDED, suspended=True)


async def resume(session: WriteSession, caller: Caller, deployment: Deployment) -> None:
    """Let jobs run again."""
    await _hold(session, caller, deployment, EventType.DEPLOYMENT_RESUMED, suspended=False)


async def _again(
    session: WriteSession,
    caller: Caller,
    deployment: Deployment,
    option: JobOption,
    event: EventType,
    *,
    reason: JobReason = JobReason.MANUAL,
) -> UUID:
    refuse_deleting(deployment)
    return await wishes.look_again(
        session, deployment, actor=actor(caller), options=[option], event=event, reason=reason
    )


async def _hold(
    session: WriteSession, caller: Caller, deployment: Deployment, event: EventType, *, suspended: bool
) -> None:
    if deployment.status in wishes.ENDING:
        raise ApiError("deleting", "the deployment is being deleted: nothing holds that back")
    if deployment.suspended is suspended:
        return
    await deployments.change(session, deployment, suspended=suspended)
    await wishes.tell(session, deployment, event, {"fields": ["suspended"]}, actor=actor(caller))

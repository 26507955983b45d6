"""What one may ask of a deployment without changing what is wanted of it."""

from typing import Any

from slipway.database.engine import Statements
from slipway.database.queries import holding, wishes
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import EventType
from slipway.domain.failures import FailureClass
from slipway.domain.jobs import JobOption, JobReason
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.operations.deployments import refuse_deleting
from slipway_api.problems import ApiError

CANCELLED = "a person cancelled it; the cluster keeps what it has"


async def reconcile(asked: Statements, caller: Caller, deployment: DeploymentRow) -> DeploymentRow:
    """Compare with the cluster and correct, whatever was held back before: after a failure, another try."""
    failed = deployment.status == DeploymentStatus.ERROR
    return await _again(
        asked, caller, deployment, JobOption.COMPARE, EventType.DEPLOYMENT_RECONCILE_REQUESTED,
        reason=JobReason.RETRY if failed else JobReason.MANUAL,
    )  # fmt: skip


async def restart(asked: Statements, caller: Caller, deployment: DeploymentRow) -> DeploymentRow:
    """Have all pods made anew."""
    return await _again(asked, caller, deployment, JobOption.RESTART, EventType.DEPLOYMENT_RESTART_REQUESTED)


async def test(asked: Statements, caller: Caller, deployment: DeploymentRow) -> DeploymentRow:
    """Run the chart's tests; how they ended is on the feed, and in the job."""
    return await _again(asked, caller, deployment, JobOption.TEST, EventType.DEPLOYMENT_TEST_REQUESTED)


async def cancel(asked: Statements, caller: Caller, deployment: DeploymentRow) -> DeploymentRow:
    """Stop what runs and waits; the cluster keeps what it has. Nothing runs, or it is suspended: nothing to do."""
    refuse_deleting(deployment)
    if deployment.suspended:
        return deployment
    unclaimed = await holding.cancel_unclaimed(asked, deployment.id)
    running = await holding.cancel_running(asked, deployment.id)
    if not (unclaimed or running):
        return deployment
    left: dict[str, Any] = {
        "status": DeploymentStatus.ERROR.value, "last_error": CANCELLED, "failure_class": FailureClass.CANCELLED.value,
        "hold_generation": deployment.generation, "scan_after": None,
    }  # fmt: skip
    fields = left if unclaimed else {}  # what was wanted last will not be tried; a running job reports what it leaves
    return await wishes.write(
        asked, deployment, EventType.DEPLOYMENT_CANCEL_REQUESTED, {}, actor=actor(caller), **fields
    )


async def suspend(asked: Statements, caller: Caller, deployment: DeploymentRow) -> DeploymentRow:
    """Hold back all jobs but a delete; what runs finishes, changes are accepted and wait."""
    return await _hold(asked, caller, deployment, EventType.DEPLOYMENT_SUSPENDED, suspended=True)


async def resume(asked: Statements, caller: Caller, deployment: DeploymentRow) -> DeploymentRow:
    """Let jobs run again."""
    return await _hold(asked, caller, deployment, EventType.DEPLOYMENT_RESUMED, suspended=False)


async def _again(
    asked: Statements,
    caller: Caller,
    deployment: DeploymentRow,
    option: JobOption,
    event: EventType,
    *,
    reason: JobReason = JobReason.MANUAL,
) -> DeploymentRow:
    refuse_deleting(deployment)
    return await wishes.look_again(asked, deployment, actor=actor(caller), options=[option], event=event, reason=reason)


async def _hold(
    asked: Statements, caller: Caller, deployment: DeploymentRow, event: EventType, *, suspended: bool
) -> DeploymentRow:
    if deployment.status in wishes.ENDING:
        raise ApiError("deleting", "the deployment is being deleted: nothing holds that back")
    if deployment.suspended is suspended:
        return deployment
    told = {"fields": ["suspended"]}
    return await wishes.write(asked, deployment, event, told, actor=actor(caller), suspended=suspended)

"""What one may ask of a deployment without changing what is wanted of it: each `POST /deployments/{id}/<verb>`."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from slipway.database.engine import Statements
from slipway.database.queries.rows import DeploymentRow
from slipway_api.accepting import accepting_hot, respond
from slipway_api.auth.gate import Caller, caller_of
from slipway_api.deps import Deps
from slipway_api.operations import verbs
from slipway_api.operations.deployments import locked
from slipway_api.routes.deployments import answer_of
from slipway_api.schemas.common import Empty
from slipway_api.schemas.deployments import DeploymentRead

Req = Request[Any, Any, Any]
Verb = Callable[[Statements, Caller, DeploymentRow], Awaitable[DeploymentRow]]


async def _do(verb: Verb, deployment: UUID, request: Req, deps: Deps) -> Response[DeploymentRead]:
    caller = caller_of(request)
    async with accepting_hot(deps, caller, request) as asked:
        found = await verb(asked, caller, await locked(asked, caller, deployment))
    await deps.wake()
    return respond(answer_of(found, deps, 202))


@post("/deployments/{deployment_id:uuid}/reconcile", tags=["deployments"], status_code=202)
async def reconcile_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentRead]:
    """Compare with the cluster again and correct, whatever was held back."""
    return await _do(verbs.reconcile, deployment_id, request, deps)


@post("/deployments/{deployment_id:uuid}/cancel", tags=["deployments"], status_code=202)
async def cancel_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentRead]:
    """Stop the running job; the cluster keeps what it has, and nothing follows until a change or `reconcile`."""
    return await _do(verbs.cancel, deployment_id, request, deps)


@post("/deployments/{deployment_id:uuid}/suspend", tags=["deployments"], status_code=202)
async def suspend_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentRead]:
    """Hold back all jobs but a delete; changes are accepted and wait."""
    return await _do(verbs.suspend, deployment_id, request, deps)


@post("/deployments/{deployment_id:uuid}/resume", tags=["deployments"], status_code=202)
async def resume_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentRead]:
    """Let jobs run again."""
    return await _do(verbs.resume, deployment_id, request, deps)


@post("/deployments/{deployment_id:uuid}/restart", tags=["deployments"], status_code=202)
async def restart_deployment(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentRead]:
    """Have all pods made anew, as a rollout of each workload."""
    return await _do(verbs.restart, deployment_id, request, deps)


@post("/deployments/{deployment_id:uuid}/test", tags=["deployments"], status_code=202)
async def run_tests(
    deployment_id: FromPath[UUID], request: Req, deps: NamedDependency[Deps], data: JSONBody[Empty | None] = None
) -> Response[DeploymentRead]:
    """Run the chart's tests. How they ended is the event `deployment.tested`, and stands in the job."""
    return await _do(verbs.test, deployment_id, request, deps)


HANDLERS = [
    reconcile_deployment, cancel_deployment, suspend_deployment, resume_deployment, restart_deployment, run_tests,
]  # fmt: skip

"""Looking into a deployment. When an admin looks into somebody else's, it is written down before the answer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from slipway.database.engine import ReadSession
from slipway.database.queries import deployments, feed, outbox
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.events import EventType
from slipway.messaging.queries import Place
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.problems import not_found


async def found_by(session: ReadSession, deployment: UUID) -> DeploymentRow:
    """Return the deployment; 404 when it is not the caller's."""
    found = await deployments.get(session, deployment)
    if found is None:
        raise not_found("deployment")
    return found


@asynccontextmanager
async def looking(
    deps: Deps, caller: Caller, deployment: UUID, what: str
) -> AsyncGenerator[tuple[ReadSession, DeploymentRow]]:
    """Open a session on the deployment; an admin's look at somebody else's is recorded when it closes, before the answer."""
    async with deps.database.reading(caller.scope) as session:
        found = await found_by(session, deployment)
        yield session, found
    await audited(deps, caller, found, what)


async def looked_at(deps: Deps, caller: Caller, deployment: UUID, what: str) -> tuple[str, Place]:
    """Return the deployment's cluster and place; an admin's look at somebody else's is recorded."""
    async with looking(deps, caller, deployment, what) as (session, found):
        return found.cluster, await place_of(session, found)


async def place_of(session: ReadSession, deployment: DeploymentRow) -> Place:
    head = await feed.head(session)
    return Place(
        installation=head.uid, deployment=deployment.id, namespace=deployment.namespace_name,
        release=deployment.release_name,
    )  # fmt: skip


async def audited(deps: Deps, caller: Caller, deployment: DeploymentRow, what: str) -> None:
    """Record that `what` was read, unless it is the reader's own."""
    if deployment.user_id == caller.id:
        return
    async with deps.database.writing(caller.scope) as session:
        await outbox.record(
            session, EventType.OBJECT_READ, actor=actor(caller), data={"what": what}, deployment=deployment.id
        )


async def audited_list(deps: Deps, caller: Caller, user: UUID) -> None:
    """Record that a user's deployments were listed, unless they are the reader's own."""
    if user == caller.id:
        return
    async with deps.database.writing(caller.scope) as session:
        data = {"what": "list of deployments"}
        await outbox.record(
            session, EventType.OBJECT_READ, actor=actor(caller), data=data, subject=f"users/{user}", owner=user
        )

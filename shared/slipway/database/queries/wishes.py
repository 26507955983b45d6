"""What is wanted of a deployment: row, waiting job and event, written in the transaction of whoever accepts it.

The caller holds the deployment's row lock, has decided that the wish is allowed, and passes the actor for the audit trail.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import WriteSession
from slipway.database.models import Deployment
from slipway.database.queries import deployments, enqueue, outbox
from slipway.domain.deployments import DeploymentStatus, status_on_change
from slipway.domain.events import Actor, EventType
from slipway.domain.jobs import JobOption, JobReason

ENDING = (DeploymentStatus.DELETING, DeploymentStatus.DELETED)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is wanted."""

    reason: JobReason
    fields: dict[str, Any]
    """Columns of the deployment and their new values."""
    options: tuple[JobOption, ...] = ()
    changes: tuple[dict[str, Any], ...] = ()
    """What in the columns is changed, each as `event_data.Change`."""
    preview: UUID | None = None
    event: EventType = EventType.DEPLOYMENT_CHANGED
    told: dict[str, Any] | None = None
    """What the event says; absent: the names of the columns, and the changes."""


async def change(session: WriteSession, deployment: Deployment, wish: Wish, *, actor: Actor) -> UUID:
    """Want something else: the generation rises. Return the job's id. Taken when the domain is in use."""
    status = status_on_change(DeploymentStatus(deployment.status), applied=deployment.applied_generation is not None)
    await deployments.change(
        session, deployment, **wish.fields, status=status.value, generation=deployment.generation + 1,
        hold_generation=None, last_error=None, failure_class=None,
    )  # fmt: skip
    job = await queue(
        session, deployment, wish.reason, actor=actor, options=wish.options, changes=wish.changes, preview=wish.preview
    )
    told = {"fields": sorted(wish.fields), "changes": list(wish.changes)} if wish.told is None else wish.told
    await tell(session, deployment, wish.event, told, actor=actor)
    return job


async def look_again(
    session: WriteSession,
    deployment: Deployment,
    *,
    actor: Actor,
    options: Collection[JobOption],
    event: EventType,
    reason: JobReason = JobReason.MANUAL,
) -> UUID:
    """Want the same, done again, whatever was held back. Return the job's id."""
    status = status_on_change(DeploymentStatus(deployment.status), applied=deployment.applied_generation is not None)
    await deployments.change(session, deployment, status=status.value, hold_generation=None)
    job = await queue(session, deployment, reason, actor=actor, options=options)
    await tell(session, deployment, event, {}, actor=actor)
    return job


async def delete(session: WriteSession, deployment: Deployment, *, actor: Actor) -> None:
    """Want it gone; a second wish is the first, unless that one's job was given up."""
    if deployment.status == DeploymentStatus.DELETED:
        return
    if deployment.status == DeploymentStatus.DELETING:
        if not await deployments.has_job(session, deployment.id):
            await queue(session, deployment, JobReason.DELETE, actor=actor)
        return
    wanted = {"generation": deployment.generation + 1, "status": DeploymentStatus.DELETING.value}
    await deployments.change(session, deployment, **wanted, last_error=None, failure_class=None)
    await queue(session, deployment, JobReason.DELETE, actor=actor)
    await tell(session, deployment, EventType.DEPLOYMENT_DELETE_REQUESTED, {}, actor=actor)


def told_actor(actor: Actor) -> dict[str, Any]:
    """Return who asked, as a job and its revision keep it: without the address."""
    return {"kind": actor.kind, "id": actor.id, "via": actor.via}


async def tell(
    session: WriteSession, deployment: Deployment, event: EventType, data: dict[str, Any], *, actor: Actor
) -> None:
    """Record an event of the deployment with where it stands."""
    known = {"status": deployment.status, "generation": deployment.generation}
    await outbox.record(session, event, actor=actor, data={**known, **data}, deployment=deployment.id)


async def queue(
    session: WriteSession,
    deployment: Deployment,
    reason: JobReason,
    *,
    actor: Actor,
    options: Collection[JobOption] = (),
    changes: Collection[dict[str, Any]] = (),
    preview: UUID | None = None,
) -> UUID:
    """Queue a job for the deployment as it is wanted now, and nothing else; return the job's id."""
    return await enqueue.enqueue(
        session,
        deployment=deployment.id,
        user=deployment.user_id,
        cluster=deployment.cluster,
        reason=reason,
        generation=deployment.generation,
        options=options,
        asked={"actor": told_actor(actor), "changes": list(changes)},
        preview=preview,
    )

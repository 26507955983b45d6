"""What is wanted of a deployment: row, waiting job and event, written in the transaction of whoever accepts it.

The caller holds the deployment's row lock, has decided that the wish is allowed, and passes the actor for the audit trail.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import Statements
from slipway.database.queries import deployments, enqueue
from slipway.database.queries.outbox import News
from slipway.database.queries.rows import DeploymentRow
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


async def change(asked: Statements, deployment: DeploymentRow, wish: Wish, *, actor: Actor) -> DeploymentRow:
    """Want something else: the generation rises. Return it as it is then. Taken when the domain is in use."""
    data = {"fields": sorted(wish.fields), "changes": list(wish.changes)} if wish.told is None else wish.told
    changed = await write(
        asked, deployment, wish.event, data, actor=actor, **wish.fields, status=_status_on_change(deployment),
        generation=deployment.generation + 1, hold_generation=None, last_error=None, failure_class=None,
    )  # fmt: skip
    await queue(
        asked, changed, wish.reason, actor=actor, options=wish.options, changes=wish.changes, preview=wish.preview
    )
    return changed


async def look_again(
    asked: Statements,
    deployment: DeploymentRow,
    *,
    actor: Actor,
    options: Collection[JobOption],
    event: EventType,
    reason: JobReason = JobReason.MANUAL,
) -> DeploymentRow:
    """Want the same, done again, whatever was held back. Return it as it is then."""
    status = _status_on_change(deployment)
    changed = await write(asked, deployment, event, {}, actor=actor, status=status, hold_generation=None)
    await queue(asked, changed, reason, actor=actor, options=options)
    return changed


async def delete(asked: Statements, deployment: DeploymentRow, *, actor: Actor) -> DeploymentRow:
    """Want it gone; a second wish is the first, unless that one's job was given up. Return it as it is then."""
    if deployment.status == DeploymentStatus.DELETED:
        return deployment
    if deployment.status == DeploymentStatus.DELETING:
        if not await deployments.has_job(asked, deployment.id):
            await queue(asked, deployment, JobReason.DELETE, actor=actor)
        return deployment
    changed = await write(
        asked, deployment, EventType.DEPLOYMENT_DELETE_REQUESTED, {}, actor=actor, status=DeploymentStatus.DELETING.value,
        generation=deployment.generation + 1, last_error=None, failure_class=None,
    )  # fmt: skip
    await queue(asked, changed, JobReason.DELETE, actor=actor)
    return changed


async def write(
    asked: Statements,
    deployment: DeploymentRow,
    event: EventType,
    data: dict[str, Any],
    *,
    actor: Actor,
    **fields: Any,
) -> DeploymentRow:
    """Write fields, and the event of it with where the deployment stands then. Taken when the domain is in use."""
    stands = {name: fields.get(name, getattr(deployment, name)) for name in ("status", "generation")}
    news = News(event=event, actor=actor, data={**stands, **data})
    return await deployments.change(asked, deployment, news, **fields)


def _status_on_change(deployment: DeploymentRow) -> str:
    return status_on_change(
        DeploymentStatus(deployment.status), applied=deployment.applied_generation is not None
    ).value


def told_actor(actor: Actor) -> dict[str, Any]:
    """Return who asked, as a job and its revision keep it: without the address."""
    return {"kind": actor.kind, "id": actor.id, "via": actor.via}


async def queue(
    asked: Statements,
    deployment: DeploymentRow,
    reason: JobReason,
    *,
    actor: Actor,
    options: Collection[JobOption] = (),
    changes: Collection[dict[str, Any]] = (),
    preview: UUID | None = None,
) -> None:
    """Queue a job for the deployment as it is wanted now, and nothing else."""
    await enqueue.enqueue(
        asked,
        deployment=deployment.id,
        user=deployment.user_id,
        cluster=deployment.cluster,
        reason=reason,
        generation=deployment.generation,
        options=options,
        asked={"actor": told_actor(actor), "changes": list(changes)},
        preview=preview,
    )

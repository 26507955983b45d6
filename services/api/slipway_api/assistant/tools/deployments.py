"""Tools that look at deployments, and show what a change would do."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from slipway.database.queries import deployments
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.deployments import DeploymentStatus
from slipway.messaging.queries import LOGS, RESOURCES, ListedResources, ListResources, LogsRead, ReadLogs
from slipway_api.assistant.tools.kinds import Looks
from slipway_api.assistant.tools.previewing import previewed_change, previewed_new
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations.asking import told
from slipway_api.operations.reading import looked_at, looking
from slipway_api.problems import invalid
from slipway_api.schemas.common import Body, cursor_of, page_of
from slipway_api.schemas.previews import PreviewChange, PreviewCreate

PAGE = 50
REVISIONS = 10
LOG_BYTES = 16 * 1024


class DeploymentList(Body, frozen=True, kw_only=True):
    """List the user's live deployments, newest first. Give `cursor` of the answer to get the next ones."""

    status: DeploymentStatus | None = None
    cursor: str | None = None


class DeploymentState(Body, frozen=True, kw_only=True):
    """Read one deployment: its status, why it failed, its values, and the revisions that it can be rolled back to."""

    deployment_id: UUID


class DeploymentLogs(Body, frozen=True, kw_only=True):
    """Read the last lines that a pod of a deployment printed. Without `pod`: list its pods and objects instead."""

    deployment_id: UUID
    pod: Annotated[str, msgspec.Meta(max_length=253, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")] | None = None
    tail: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    previous: bool = False
    """Of the container before it was restarted."""


class DeploymentPreview(Body, frozen=True, kw_only=True):
    """Show what would happen, and change nothing: for a new deployment give product_id and domain_name, for a change
    deployment_id. `user_values` are all values that the user sets, not only those that differ.
    """

    product_id: UUID | None = None
    deployment_id: UUID | None = None
    domain_name: str | UnsetType = UNSET
    user_values: dict[str, Any] | None | UnsetType = UNSET


def brief(row: DeploymentRow) -> dict[str, Any]:
    """Return what one needs to know of a deployment."""
    return {
        "id": row.id,
        "product": row.template.product["name"],
        "version": row.template.version_label or row.template.chart_version,
        "domain_name": row.domain_name,
        "status": row.status,
        "generation": row.generation,
        "last_error": row.last_error,
        "suspended": row.suspended,
        "drifted": row.drifted,
    }


async def _list(deps: Deps, caller: Caller, asked: DeploymentList) -> dict[str, Any]:
    async with deps.database.reading(caller.scope) as session:
        rows = await deployments.page(
            session, cursor=cursor_of(asked.cursor), limit=PAGE, user=caller.id, deleted=False, status=asked.status
        )
        page = page_of(rows, PAGE, brief)
        return {"deployments": page.items, "next_cursor": page.next_cursor}


async def _state(deps: Deps, caller: Caller, asked: DeploymentState) -> dict[str, Any]:
    async with looking(deps, caller, asked.deployment_id, "deployment") as (session, row):
        revisions = await deployments.revisions(session, deployment=row.id, limit=REVISIONS)
        return {
            **brief(row),
            "url": f"{deps.public_scheme}://{row.domain_name}",
            "failure_class": row.failure_class,
            "user_values": row.user_values,
            "expires_at": row.expires_at,
            "last_reconcile_at": row.last_reconcile_at,
            "revisions": [
                {"revision": each.revision, "succeeded": each.succeeded, "created_at": each.created_at}
                for each in revisions
            ],
        }


async def _logs(deps: Deps, caller: Caller, asked: DeploymentLogs) -> dict[str, Any]:
    what = f"logs of {asked.pod}" if asked.pod else "resources"
    cluster, place = await looked_at(deps, caller, asked.deployment_id, what)
    if asked.pod is None:
        found = await told(deps, cluster, RESOURCES, ListResources(place=place), ListedResources, who=caller.id)
        return {"pods": found.pods, "objects": found.objects}
    question = ReadLogs(place=place, pod=asked.pod, tail=asked.tail, previous=asked.previous)
    read = await told(deps, cluster, LOGS, question, LogsRead, who=caller.id, timeout=20.0)
    text = read.text.replace("\0", "")[-LOG_BYTES:]
    return {"pod": asked.pod, "log": text}


async def _preview(deps: Deps, caller: Caller, asked: DeploymentPreview) -> Any:
    if (asked.product_id is None) == (asked.deployment_id is None):
        raise invalid("/product_id", "give either product_id, for a new deployment, or deployment_id")
    if asked.deployment_id is None:
        body = PreviewCreate(product_id=asked.product_id, domain_name=asked.domain_name, user_values=asked.user_values)
        return await previewed_new(deps, caller, body)
    change = PreviewChange(domain_name=asked.domain_name, user_values=asked.user_values)
    return (await previewed_change(deps, caller, asked.deployment_id, change))[1]


TOOLS = (
    Looks(name="deployment_list", takes=DeploymentList, run=_list),
    Looks(name="deployment_status", takes=DeploymentState, run=_state),
    Looks(name="deployment_logs", takes=DeploymentLogs, run=_logs),
    Looks(name="deployment_preview", takes=DeploymentPreview, run=_preview),
)

"""Previews for tools: as the HTTP API makes them, but without secrets, which a conversation would keep."""

from typing import Any
from uuid import UUID

import msgspec

from slipway.database.models import ProductTemplateVersion
from slipway.database.queries import deployments, secrets
from slipway.database.queries.rows import DeploymentRow, TemplateRow
from slipway.domain.values import Problem
from slipway_api.assistant.tools.kinds import HasSecret
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import previews, reading, user_values
from slipway_api.operations.deployments import wanted_template
from slipway_api.operations.reading import found_by
from slipway_api.problems import ApiError, invalid
from slipway_api.schemas.deployments import DeploymentCreate
from slipway_api.schemas.previews import PreviewChange, PreviewCreate, PreviewRead


async def previewed_new(deps: Deps, caller: Caller, body: PreviewCreate) -> PreviewRead:
    """Show what a new deployment would be made of."""
    async with deps.database.reading(caller.scope) as session:
        wanted = DeploymentCreate(template_id=body.template_id, product_id=body.product_id)
        template = await wanted_template(session, wanted, [])
        if template is not None:
            _refuse_secrets(body, template, ())
        asked = await previews.of_new(session, deps, caller, body)
    return await _kept(deps, caller, asked)


async def previewed_change(
    deps: Deps, caller: Caller, deployment: UUID, body: PreviewChange
) -> tuple[DeploymentRow, PreviewRead]:
    """Show what a change would do; return the deployment too."""
    async with deps.database.reading(caller.scope) as session:
        found = await found_by(session, deployment)
        stored = [row.name for row in await secrets.of_deployment(session, deployment)]
        _refuse_secrets(body, found.template, stored)
        asked = await previews.of_change(session, deps, found, body)
    await reading.audited(deps, caller, found, "preview")
    return found, await _kept(deps, caller, asked)


async def previewed_roll_back(
    deps: Deps, caller: Caller, deployment: UUID, number: int
) -> tuple[DeploymentRow, PreviewRead]:
    """Show what a return to a revision would do; return the deployment too."""
    async with deps.database.reading(caller.scope) as session:
        found = await found_by(session, deployment)
        revision = await deployments.revision(session, deployment=deployment, revision=number)
        if revision is None or not revision.succeeded:
            raise invalid("/revision", "this deployment has no such revision that was ready: see deployment_status")
        asked = await previews.of_roll_back(session, deps, found, revision)
    await reading.audited(deps, caller, found, "preview")
    return found, await _kept(deps, caller, asked)


async def _kept(deps: Deps, caller: Caller, asked: previews.Asked) -> PreviewRead:
    shown = await previews.shown(deps, caller, asked)  # asks another service: outside of any transaction
    async with deps.database.writing(caller.scope) as session:
        return await previews.keep(session, caller, asked, shown)


def _refuse_secrets(
    body: PreviewCreate | PreviewChange, template: ProductTemplateVersion | TemplateRow, stored: Any
) -> None:
    if not isinstance(body.user_values, dict):
        return
    given = user_values.take(body.user_values, template, stored, [])
    if not given.fresh:
        return
    message = "is a secret, which a conversation would keep: set it with PUT /deployments/{id}/secrets/{name}, or as a $secretRef"
    wrong = [Problem(pointer=f"/user_values{place}", message=message) for place in sorted(given.fresh)]
    masked = msgspec.to_builtins(msgspec.structs.replace(body, user_values=given.values))
    raise HasSecret(ApiError("invalid", errors=wrong), {key: each for key, each in masked.items() if each is not None})

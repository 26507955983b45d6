"""Beginning and stopping rollouts."""

from uuid import UUID

import msgspec

from slipway.database.engine import WriteSession
from slipway.database.errors import Taken
from slipway.database.models import Product, ProductTemplateVersion, Rollout
from slipway.database.queries import deployments, outbox, rollouts, templates
from slipway.domain.events import EventType
from slipway.domain.rollouts import RolloutStatus
from slipway.domain.values import Problem
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.operations import user_values
from slipway_api.problems import ApiError, invalid
from slipway_api.schemas.platform import RolloutCreate


async def begin(session: WriteSession, caller: Caller, product: Product, body: RolloutCreate) -> UUID:
    """Begin upgrading all deployments of a product that want another version; return the rollout's id."""
    wanted = body.template_id or product.template_id
    template = await templates.get(session, wanted) if wanted else None
    if template is None or template.deleted_at is not None or template.product_id != product.id:
        raise invalid("/template_id", "is no live version of this product")
    items: dict[UUID, str | None] = {}
    for deployment in await deployments.of_product(session, product.id):
        found = await deployments.get(session, deployment)
        if found and found.desired_template_id != template.id and found.status != "deleting":
            items[deployment] = await _misfit(session, deployment, found.user_values, template)
    try:
        rollout = await rollouts.add(
            session, items, product_id=product.id, template_id=template.id, batch_size=body.batch_size,
            max_failures=body.max_failures, actor_json=msgspec.to_builtins(actor(caller)),
        )  # fmt: skip
    except Taken:
        raise ApiError("conflict", "a rollout of this product is under way: stop it first") from None
    data = {
        "rollout": str(rollout), "product": str(product.id), "template": str(template.id), "status": "running",
        "progress": msgspec.to_builtins(await rollouts.progress(session, rollout)),
    }  # fmt: skip
    await outbox.record(
        session, EventType.ROLLOUT_STARTED, actor=actor(caller), data=data, subject=f"rollouts/{rollout}"
    )
    return rollout


async def stop(session: WriteSession, caller: Caller, rollout: Rollout) -> None:
    """Begin no further wave; what was begun goes on. One that has ended stays as it is."""
    if await rollouts.finish(session, rollout.id, RolloutStatus.STOPPED):
        data = {
            "rollout": str(rollout.id), "product": str(rollout.product_id), "template": str(rollout.template_id),
            "status": "stopped", "progress": msgspec.to_builtins(await rollouts.progress(session, rollout.id)),
        }  # fmt: skip
        await outbox.record(
            session, EventType.ROLLOUT_FINISHED, actor=actor(caller), data=data, subject=f"rollouts/{rollout.id}"
        )


async def _misfit(
    session: WriteSession, deployment: UUID, values: object, template: ProductTemplateVersion
) -> str | None:
    """Return why a deployment's values do not fit the version, or None when they do."""
    found: list[Problem] = []
    user_values.take(values, template, await user_values.stored_names(session, deployment), found)
    return "; ".join(f"{each.pointer} {each.message}" for each in found[:3]) or None

"""A change that carries a preview's id promises to do what was shown: same generation, same inputs."""

import hashlib
import hmac
from uuid import UUID

from slipway.database.engine import WriteSession
from slipway.database.models import Deployment
from slipway.database.queries import previews
from slipway.domain.values import Values, canonical
from slipway_api.deps import Deps
from slipway_api.operations.user_values import Given
from slipway_api.problems import ApiError, invalid


def inputs_digest(deps: Deps, template: UUID, values: Values | None, fresh: dict[str, str]) -> str:
    """Return one keyed digest over what a change is made from; keyed, because secrets are part of it."""
    content = canonical([str(template), values, fresh])
    return hmac.new(deps.tokens.key.encode(), content, hashlib.sha256).hexdigest()


async def kept(
    session: WriteSession,
    deps: Deps,
    preview: UUID | None,
    deployment: Deployment | None,
    template: UUID,
    given: Given | None,
) -> UUID | None:
    """Return the preview's id when the change is what it showed; 412 when the deployment, 409 when the inputs differ.

    `given` are the new values; None: the deployment's own.
    """
    if preview is None:
        return None
    found = await previews.valid(session, preview)
    if found is None or found.deployment_id != (deployment.id if deployment else None):
        raise invalid("/preview_id", "there is no such preview of this deployment, or it has expired: preview again")
    if deployment is not None and found.generation != deployment.generation:
        raise ApiError("stale", "the deployment was changed since the preview: preview again")
    values = given.values if given else deployment.user_values_json if deployment else None
    if found.inputs != inputs_digest(deps, template, values, given.fresh if given else {}):
        raise ApiError("conflict", "the change is not the one that was previewed")
    return preview

"""A change that carries a preview's id promises to do what was shown: same generation, same inputs."""

from uuid import UUID

import msgspec

from slipway.database.engine import Statements
from slipway.database.queries import previews
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.values import Values, canonical
from slipway_api.deps import Deps
from slipway_api.problems import ApiError, invalid


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """All that a release is made from, as a change would have it."""

    template: UUID
    domain: str
    cluster: str
    values: Values | None
    fresh: dict[str, str] = {}
    """New secrets, in plain."""


def inputs_digest(deps: Deps, inputs: Inputs) -> str:
    """Return one keyed digest of them; keyed, because secrets are among them."""
    return _digests(deps, inputs)[0]


def _digests(deps: Deps, inputs: Inputs) -> list[str]:
    content = canonical([str(inputs.template), inputs.domain, inputs.cluster, inputs.values, inputs.fresh])
    return deps.tokens.digests(content)


async def kept(
    asked: Statements,
    deps: Deps,
    preview: UUID | None,
    deployment: DeploymentRow | None,
    inputs: Inputs,
) -> UUID | None:
    """Return the preview's id when the change is what it showed; 412 when the deployment, 409 when the inputs differ."""
    if preview is None:
        return None
    found = await previews.valid(asked, preview)
    if found is None or found.deployment_id != (deployment.id if deployment else None):
        raise invalid("/preview_id", "there is no such preview of this deployment, or it has expired: preview again")
    if deployment is not None and found.generation != deployment.generation:
        raise ApiError("stale", "the deployment was changed since the preview: preview again")
    if found.inputs not in _digests(deps, inputs):
        raise ApiError("conflict", "the change is not the one that was previewed")
    return preview

"""Setting and removing one secret of a deployment."""

from slipway.database.engine import Statements
from slipway.database.queries.rows import DeploymentRow
from slipway.database.queries.wishes import Wish
from slipway.domain.events import EventType
from slipway.domain.jobs import JobReason
from slipway.domain.secret_places import secret_pointers
from slipway.domain.secrets import replace
from slipway.domain.templates import capabilities_of
from slipway.domain.values import Problem, at, parse_pointer
from slipway_api.auth.gate import Caller
from slipway_api.operations import user_values
from slipway_api.operations.deployments import accept, refuse_deleting
from slipway_api.problems import ApiError, not_found


async def put(
    asked: Statements, caller: Caller, deployment: DeploymentRow, name: str, value: str | None
) -> DeploymentRow:
    """Set the secret of that name (its path in the values, as in `auth/password`); None removes it. Return what it is then."""
    refuse_deleting(deployment)
    template = deployment.template
    place = f"/{name.strip('/')}"
    if place not in secret_pointers(template.values_schema_json, capabilities_of(template.capabilities_json)):
        raise not_found("secret field")
    values = deployment.user_values or {}
    if value is None and at(values, parse_pointer(place)) is None:
        return deployment
    found: list[Problem] = []
    stored = await user_values.stored_names(asked, deployment.id)
    given = user_values.take(replace(values, parse_pointer(place), value), template, stored, found)
    if found:
        shown = [Problem(pointer="/value" if each.pointer.endswith(place) else each.pointer, message=each.message)
                 for each in found]  # fmt: skip
        raise ApiError("invalid", errors=shown)
    await user_values.store(asked, deployment.id, deployment.cluster, given, stored)
    wish = Wish(
        reason=JobReason.UPDATE, fields={"user_values_json": given.values},
        event=EventType.DEPLOYMENT_SECRET_CHANGED, told={"name": place},
    )  # fmt: skip
    return await accept(asked, caller, deployment, wish)

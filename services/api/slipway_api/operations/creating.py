"""Accepting a new deployment: row, job and event in the one transaction that the route opened."""

from msgspec import UNSET

from slipway.database.engine import Statements
from slipway.database.errors import Taken
from slipway.database.queries import creating, enqueue, outbox, wishes
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.changes import changes_of
from slipway.domain.events import EventType
from slipway.domain.jobs import JobReason
from slipway.domain.values import Problem
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import clusters, fields, promises, user_values
from slipway_api.operations.deployments import check_quota, domain_taken, new_uid, no_version, version_problem
from slipway_api.operations.promises import Inputs
from slipway_api.operations.user_values import Given
from slipway_api.problems import ApiError
from slipway_api.schemas.deployments import DeploymentCreate


async def create(asked: Statements, deps: Deps, caller: Caller, body: DeploymentCreate) -> DeploymentRow:
    """Accept a new deployment and return it."""
    found: list[Problem] = []
    domain = fields.domain(body.domain_name, body.domainname, deps, found, required=True)
    values = fields.user_values(body.user_values, body.user_values_json, found)
    named = await creating.named(asked, template=body.template_id, product=body.product_id)
    template, given = named.template, Given(values=None)
    if wrong := version_problem(body, there=template is not None, withdrawn=named.withdrawn):
        found.append(wrong)
    elif template is not None:
        given = user_values.take(None if values is UNSET else values, template, (), found)
    cluster = clusters.chosen(named.clusters, body.cluster, found)
    found += fields.expiry_problems(body.expires_at)
    if found or template is None:
        raise ApiError("invalid", errors=found)
    await check_quota(asked, deps, caller.id)
    version = template.id
    inputs = Inputs(template=version, domain=domain, cluster=cluster, values=given.values, fresh=given.fresh)
    promise = await promises.kept(asked, deps, body.preview_id, None, inputs)
    try:
        made = await creating.add(
            asked, template=template, uid=new_uid(template.product["slug"], caller.email), values=given.values,
            user=caller.id, domain=domain, cluster=cluster, expires_at=body.expires_at,
        )  # fmt: skip
    except Taken:
        raise domain_taken() from None
    if made is None:
        raise ApiError("invalid", errors=[no_version(body)])
    await user_values.add(asked, made.id, cluster, given)
    job = await enqueue.enqueue(
        asked, deployment=made.id, user=caller.id, cluster=cluster, reason=JobReason.CREATE, generation=1,
        asked={"actor": wishes.told_actor(actor(caller)), "changes": []}, preview=promise,
    )  # fmt: skip
    data = {
        "status": "provisioning",
        "generation": 1,
        "job": str(job),
        "template": str(version),
        "domain_name": domain,
        "changes": changes_of(None, given.values, under="/user_values"),
    }
    event = EventType.DEPLOYMENT_CREATED
    await outbox.record_first(asked, event, actor=actor(caller), data=data, deployment=made.id, owner=caller.id)
    return made

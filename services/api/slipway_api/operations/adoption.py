"""Taking over releases that were made by hand."""

import re

from slipway.database.engine import WriteSession
from slipway.database.errors import Taken
from slipway.database.queries import deployments, enqueue, outbox, templates, users, wishes
from slipway.database.queries.rows import DeploymentRow
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import EventType
from slipway.domain.jobs import JobOption, JobReason
from slipway.domain.values import Problem
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import clusters, fields, user_values
from slipway_api.operations.deployments import check_quota, domain_taken, new_uid
from slipway_api.problems import ApiError
from slipway_api.schemas.deployments import DeploymentAdopt

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,51}[a-z0-9])?\Z")
SYSTEM_NAMESPACES = ("default", "slipway-system")


async def adopt(session: WriteSession, deps: Deps, caller: Caller, body: DeploymentAdopt) -> DeploymentRow:
    """Accept a deployment whose release is there already; the first reconcile changes no object, or refuses."""
    found = _place_problems(body)
    domain = fields.domain(body.domain_name, fields.UNSET, deps, found, required=True)
    cluster = await clusters.meant(session, body.cluster, found)
    owner = await users.get(session, body.user_id or caller.id)
    if owner is None:
        found.append(Problem(pointer="/user_id", message="there is no such user"))
    template = await templates.hold(session, body.template_id)
    if template is None or template.deleted_at is not None or template.product.deleted_at is not None:
        found.append(Problem(pointer="/template_id", message="there is no such template version, or it was withdrawn"))
    elif user_values.take(body.user_values, template, (), found).fresh:
        found.append(Problem(pointer="/user_values", message="name existing Secrets by $secretRef when adopting"))
    if found or template is None or owner is None:
        raise ApiError("invalid", errors=found)
    await check_quota(session, deps, owner.id)
    try:
        deployment = await deployments.add(
            session, user_id=owner.id, domain_name=domain, deployment_uid=new_uid(template.product.slug, owner.email),
            namespace_name=body.namespace_name, release_name=body.release_name, cluster=cluster,
            desired_template_id=template.id, user_values_json=body.user_values or None,
            status=DeploymentStatus.PROVISIONING.value, generation=1,
        )  # fmt: skip
    except Taken as error:
        if error.constraint == "uq_deployment_namespace":
            raise ApiError("conflict", "a deployment has this namespace already") from None
        raise domain_taken() from None
    job = await enqueue.enqueue(
        session, deployment=deployment, user=owner.id, cluster=cluster, reason=JobReason.CREATE, generation=1,
        options=[JobOption.ADOPT], asked={"actor": wishes.told_actor(actor(caller)), "changes": []},
    )  # fmt: skip
    data = {
        "status": "provisioning",
        "generation": 1,
        "job": str(job),
        "template": str(template.id),
        "domain_name": domain,
    }
    await outbox.record(session, EventType.DEPLOYMENT_CREATED, actor=actor(caller), data=data, deployment=deployment)
    made = await deployments.get(session, deployment)
    assert made is not None  # noqa: S101 - it was inserted a moment ago
    return made


def _place_problems(body: DeploymentAdopt) -> list[Problem]:
    found = [
        Problem(pointer=f"/{name}", message="is a DNS label of at most 53 characters")
        for name in ("namespace_name", "release_name")
        if not _LABEL.match(getattr(body, name))
    ]
    if body.namespace_name in SYSTEM_NAMESPACES or body.namespace_name.startswith("kube-"):
        found.append(Problem(pointer="/namespace_name", message="is a namespace of the system"))
    return found

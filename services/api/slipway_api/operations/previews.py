"""Previews: the inputs of a change, put together as a job would, shown to an executor, and what it says."""

from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET

from slipway.database.engine import ReadSession, WriteSession
from slipway.database.models import DeploymentRevision, Preview, ProductTemplateVersion
from slipway.database.queries import feed, previews, registries, secrets, templates
from slipway.database.queries.rows import DeploymentRow, TemplateRow
from slipway.domain.changes import changes_of
from slipway.domain.charts import InvalidChartRef
from slipway.domain.secrets import set_name
from slipway.domain.templates import SystemValues, TemplateSource, capabilities_of, chart_source, compose
from slipway.domain.values import Problem, Values
from slipway.messaging.messages import Chart, Sealed
from slipway.messaging.queries import PREVIEW, Place, PreviewedRelease, PreviewRelease
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import asking, clusters, fields, promises, user_values
from slipway_api.operations.deployments import new_uid, refuse_deleting, refuse_over_quota, wanted_template
from slipway_api.operations.promises import Inputs
from slipway_api.operations.user_values import Given
from slipway_api.problems import ApiError, invalid
from slipway_api.schemas.deployments import DeploymentCreate
from slipway_api.schemas.previews import PreviewChange, PreviewCreate, PreviewRead

TIMEOUT_SEC = 30.0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be previewed."""

    question: PreviewRelease
    cluster: str
    deployment: UUID | None
    generation: int
    inputs: str
    values: list[dict[str, Any]]


async def of_new(session: ReadSession, deps: Deps, caller: Caller, body: PreviewCreate) -> Asked:
    """Return the question for a deployment that does not exist yet."""
    found: list[Problem] = []
    domain = fields.domain(body.domain_name, UNSET, deps, found, required=True)
    wanted = DeploymentCreate(template_id=body.template_id, product_id=body.product_id)
    template = await wanted_template(session, wanted, found)
    given = Given(values=None)
    if template is not None:
        given = user_values.take(None if body.user_values is UNSET else body.user_values, template, (), found)
    cluster = await clusters.meant(session, body.cluster, found)
    if found or template is None:
        raise ApiError("invalid", errors=found)
    await refuse_over_quota(session, deps, caller.id)
    uid = new_uid(template.product.slug, caller.email)
    head = await feed.head(session)
    place = Place(installation=head.uid, deployment=uuid4(), namespace=uid, release=uid)
    system = SystemValues(domain=domain, deployment_uid=uid, user_id=str(caller.id))
    fresh = await user_values.sealed(session, cluster, given.fresh)
    return Asked(
        question=await _question(session, deps, cluster, template, given.values, system, fresh, place),
        cluster=cluster,
        deployment=None,
        generation=0,
        inputs=promises.inputs_digest(
            deps,
            Inputs(template=template.id, domain=domain, cluster=cluster, values=given.values, fresh=given.fresh),
        ),
        values=changes_of(None, given.values, under="/user_values"),
    )


async def of_change(session: ReadSession, deps: Deps, deployment: DeploymentRow, body: PreviewChange) -> Asked:
    """Return the question for a change of a deployment."""
    refuse_deleting(deployment)
    found: list[Problem] = []
    domain = fields.domain(body.domain_name, UNSET, deps, found, required=False)
    template = await _other_template(session, deployment, body.template_id)
    stored = {row.name: row.ciphertext for row in await secrets.of_deployment(session, deployment.id)}
    values = deployment.user_values if body.user_values is UNSET else body.user_values
    wanted = deployment.domain_name if domain is UNSET else domain
    return await _of_wanted(session, deps, deployment, template, wanted, values, stored, found)


async def of_roll_back(
    session: ReadSession, deps: Deps, deployment: DeploymentRow, revision: DeploymentRevision
) -> Asked:
    """Return the question for a return to a revision: its version, withdrawn or not, its values and its own secrets."""
    refuse_deleting(deployment)
    template = await templates.get(session, revision.template_id)
    if template is None:
        raise invalid("/revision", "the template version of this revision is gone")
    values, stored = revision.user_values_json, revision.secrets_json or {}
    return await _of_wanted(session, deps, deployment, template, deployment.domain_name, values, stored, [])


async def _of_wanted(
    session: ReadSession,
    deps: Deps,
    deployment: DeploymentRow,
    template: ProductTemplateVersion | TemplateRow,
    domain: str,
    values: Any,
    stored: dict[str, str],
    found: list[Problem],
) -> Asked:
    given = user_values.take(values, template, stored, found)
    if found:
        raise ApiError("invalid", errors=found)
    head = await feed.head(session)
    place = Place(
        installation=head.uid, deployment=deployment.id, namespace=deployment.namespace_name,
        release=deployment.release_name,
    )  # fmt: skip
    system = SystemValues(
        domain=domain,
        deployment_uid=deployment.deployment_uid,
        user_id=str(deployment.user_id),
    )
    fresh = await user_values.sealed(session, deployment.cluster, given.fresh)
    kept = {name: sealed for name, sealed in stored.items() if name in given.masked}
    return Asked(
        question=await _question(
            session, deps, deployment.cluster, template, given.values, system, {**kept, **fresh}, place
        ),
        cluster=deployment.cluster,
        deployment=deployment.id,
        generation=deployment.generation,
        inputs=promises.inputs_digest(
            deps,
            Inputs(
                template=template.id,
                domain=system.domain,
                cluster=deployment.cluster,
                values=given.values,
                fresh=given.fresh,
            ),
        ),
        values=changes_of(deployment.user_values, given.values, under="/user_values"),
    )


async def shown(deps: Deps, caller: Caller, asked: Asked) -> PreviewedRelease:
    """Ask an executor; 422 when the chart refuses the values, 503 when nobody answers."""
    found = await asking.ask(
        deps, asked.cluster, PREVIEW, asked.question, PreviewedRelease, who=caller.id, timeout=TIMEOUT_SEC
    )
    if found.failure is None:
        return found
    if found.failure.failure_class == "transient":
        raise ApiError("unavailable", found.failure.reason, retry_after=2)
    raise invalid("/user_values", found.failure.reason)


async def keep(session: WriteSession, caller: Caller, asked: Asked, found: PreviewedRelease) -> PreviewRead:
    """Store what was shown, so that a change can promise it."""
    result = {
        "promises": "objects" if found.mark else "inputs",
        "values": asked.values,
        "added": found.added,
        "changed": found.changed,
        "removed": found.removed,
        "usage": found.usage,
        "dry_run": found.dry_run,
        "removes_everything": found.empties,
    }
    plain: dict[str, Any] = msgspec.to_builtins(result)
    row = await previews.add(
        session, user_id=caller.id, deployment_id=asked.deployment, generation=asked.generation, inputs=asked.inputs,
        rendered=found.mark, result_json=plain,
    )  # fmt: skip
    return read(row)


def read(row: Preview) -> PreviewRead:
    known = {"id": row.id, "expires_at": row.expires_at, "generation": row.generation}
    return msgspec.convert({**row.result_json, **known}, PreviewRead)


async def _other_template(
    session: ReadSession, deployment: DeploymentRow, wanted: UUID | None
) -> ProductTemplateVersion | TemplateRow:
    if wanted is None or wanted == deployment.desired_template_id:
        return deployment.template
    template = await templates.get(session, wanted)
    if template is None or template.deleted_at is not None or template.product_id != deployment.template.product_id:
        raise invalid("/template_id", "is no live version of the same product")
    return template


async def _question(
    session: ReadSession,
    deps: Deps,
    cluster: str,
    template: ProductTemplateVersion | TemplateRow,
    values: Values | None,
    system: SystemValues,
    sealed: dict[str, str],
    place: Place,
) -> PreviewRelease:
    source = TemplateSource(
        docker_image_url=template.docker_image_url,
        chart_ref=template.chart_ref,
        chart_version=template.chart_version,
        chart_digest=template.chart_digest,
        default_values=template.default_values_json,
        capabilities=capabilities_of(template.capabilities_json),
    )
    try:
        chart = msgspec.convert(chart_source(source, deps.registries), Chart, from_attributes=True)
    except InvalidChartRef as error:
        raise invalid("/template_id", f"the template cannot be used: {error}") from None
    secret = set_name(sealed.values()) if sealed else ""
    logins = await registries.credentials(session, cluster)
    return PreviewRelease(
        place=place,
        chart=chart,
        values=compose(source, values, system, secret=secret),
        secrets=tuple(Sealed(name=name, ciphertext=ciphertext) for name, ciphertext in sorted(sealed.items())),
        secret_fields=dict(source.capabilities.secret_fields),
        registries=tuple(Sealed(name=each.name, ciphertext=each.ciphertext) for each in logins),
        allow=source.capabilities.allow,
    )

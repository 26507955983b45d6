"""From a leased job to the command that is published."""

import msgspec

from slipway.database.queries.leases import LeasedJob
from slipway.domain.charts import InvalidChartRef, Registries
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.images import InvalidImage
from slipway.domain.jobs import JobReason
from slipway.domain.templates import (
    DEFAULT_HEALTH_TIMEOUT_SEC,
    SystemValues,
    TemplateSource,
    capabilities_of,
    chart_source,
    compose,
)
from slipway.domain.values import release_digest
from slipway.messaging.messages import Action, Chart, Command


def build(leased: LeasedJob, registries: Registries) -> Command | Failure:
    """Return the command, or why this template can never make one (its registry was taken off the list, say)."""
    chart, values, digest = None, {}, ""
    if leased.reason != JobReason.DELETE:
        try:
            template = _template(leased)
            source = chart_source(template, registries)
            values = compose(template, leased.user_values, _system(leased))
        except (InvalidChartRef, InvalidImage, msgspec.ValidationError, ValueError) as error:
            return Failure(
                failure_class=FailureClass.TERMINAL, code="template_invalid", reason=f"the template: {error}"
            )
        chart = msgspec.convert(source, Chart, from_attributes=True)
        digest = release_digest(source.identity, values)
    return Command(
        job=leased.job,
        fence=leased.fence,
        generation=leased.generation,
        attempt=leased.attempt,
        reason=leased.reason,
        action=Action.DELETE if leased.reason == JobReason.DELETE else Action.APPLY,
        cluster=leased.cluster,
        installation=leased.installation,
        deployment=leased.deployment,
        owner=leased.owner,
        namespace=leased.namespace,
        release=leased.release,
        chart=chart,
        values=values,
        digest=digest,
        health_timeout_sec=leased.health_timeout_sec or DEFAULT_HEALTH_TIMEOUT_SEC,
        epoch=leased.epoch,
    )


def _template(leased: LeasedJob) -> TemplateSource:
    return TemplateSource(
        docker_image_url=leased.docker_image_url,
        chart_ref=leased.chart_ref,
        chart_version=leased.chart_version,
        chart_digest=leased.chart_digest,
        default_values=leased.default_values,
        capabilities=capabilities_of(leased.capabilities),
        health_timeout_sec=leased.health_timeout_sec,
    )


def _system(leased: LeasedJob) -> SystemValues:
    return SystemValues(domain=leased.domain, deployment_uid=leased.deployment_uid, user_id=str(leased.owner))

"""From a leased job to the command that is published."""

import msgspec

from slipway.database.queries.leases import LeasedJob
from slipway.domain.charts import InvalidChartRef, Registries
from slipway.domain.failures import Failure, FailureClass
from slipway.domain.images import InvalidImage
from slipway.domain.jobs import JobReason
from slipway.domain.revisions import GoodRevision
from slipway.domain.secrets import MASK, set_name
from slipway.domain.templates import (
    DEFAULT_HEALTH_TIMEOUT_SEC,
    SystemValues,
    TemplateSource,
    capabilities_of,
    chart_source,
    compose,
)
from slipway.domain.usage import Quota, Usage
from slipway.domain.values import Values, at, parse_pointer, release_digest
from slipway.messaging.messages import Action, Chart, Command, Sealed

PREVIEW_GONE = (
    "the preview that this change was to keep to is not kept any more: preview and change again, or reconcile to apply what"
    " is wanted without it"
)


def build(leased: LeasedJob, registries: Registries, *, quota: Quota, attempts: int) -> Command | Failure:
    """Return the command, or why this template can never make one (its registry was taken off the list, say).

    `quota` is the installation's default for users, `attempts` how many tries a job has.
    """
    deleting = leased.reason == JobReason.DELETE
    if leased.promise_lost and not deleting:
        return Failure(failure_class=FailureClass.TERMINAL, code="preview_gone", reason=PREVIEW_GONE)
    sealed = tuple(msgspec.convert(each, Sealed) for each in leased.secrets if _is_masked(leased, each["name"]))
    try:
        template = _template(leased)
        chart, values, digest = (None, {}, "") if deleting else _content(leased, template, registries, sealed)
    except (InvalidChartRef, InvalidImage, msgspec.ValidationError, ValueError) as error:
        return Failure(failure_class=FailureClass.TERMINAL, code="template_invalid", reason=f"the template: {error}")
    can, limits = template.capabilities, _limits(leased, quota)
    return Command(
        job=leased.job,
        fence=leased.fence,
        generation=leased.generation,
        attempt=leased.attempt,
        reason=leased.reason,
        action=Action.DELETE if deleting else Action.APPLY,
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
        options=tuple(leased.options),
        ever_applied=leased.ever_applied,
        good=msgspec.convert(leased.good, GoodRevision) if leased.good else None,
        keep_failed=can.on_failed_upgrade == "keep",
        last_attempt=leased.attempt + 1 >= attempts,
        force_fields=can.drift.mode == "correct",
        drift_ignore=can.drift.ignore,
        allow=can.allow,
        limits=limits,
        granted=msgspec.convert(leased.counted, Usage).least(limits) if leased.counted else None,
        secrets=sealed,
        secret_fields=dict(can.secret_fields),
        registries=tuple(msgspec.convert(each, Sealed) for each in leased.registries),
        pull=tuple(leased.pull),
        promised=leased.promised,
    )


def _content(
    leased: LeasedJob, template: TemplateSource, registries: Registries, sealed: tuple[Sealed, ...]
) -> tuple[Chart, Values, str]:
    """Return chart, values and digest; other secrets make another digest, so that they are applied."""
    source = chart_source(template, registries)
    secret = set_name(each.ciphertext for each in sealed) if sealed else ""
    values = compose(template, leased.user_values, _system(leased), secret=secret)
    digest = release_digest(f"{source.identity}{secret}", values)
    return msgspec.convert(source, Chart, from_attributes=True), values, digest


def _limits(leased: LeasedJob, default: Quota) -> Usage:
    """Return what this deployment may ask for: the owner's quota less what the owner's others ask for."""
    own = {name: value for name, value in (leased.quota or {}).items() if value is not None}
    whole = msgspec.convert({**msgspec.to_builtins(default.usage), **own}, Usage)
    return msgspec.convert(leased.used, Usage).left_of(whole)


def _is_masked(leased: LeasedJob, place: str) -> bool:
    """Tell whether the values stand for this secret still: one that they have no more is told to nobody."""
    return at(leased.user_values or {}, parse_pointer(place)) == MASK


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

"""One deployment on the terminal."""

import msgspec

from slipway.cli.output import Format, show_one
from slipway.cli.times import age
from slipway.client.deployments import Deployment
from slipway.domain.failures import FailureClass

HINTS: dict[str, str] = {
    FailureClass.TRANSIENT: "Slipway tries again by itself",
    FailureClass.TERMINAL: "change what was asked for: `slipway change`",
    FailureClass.NEEDS_PERSON: "somebody with rights on the cluster or the platform has to act",
    FailureClass.CANCELLED: "it was cancelled: `slipway reconcile` goes on",
}


def status_of(deployment: Deployment) -> str:
    """Return the status with what is special about it."""
    marks = [word for word, is_so in (("suspended", deployment.suspended), ("drifted", deployment.drifted)) if is_so]
    return f"{deployment.status} ({', '.join(marks)})" if marks else deployment.status


def product_of(deployment: Deployment) -> str:
    product = deployment.template.product
    return f"{product.slug if product else '?'} {deployment.template.label}"


def show_deployment(deployment: Deployment, output: Format) -> None:
    """Print how it stands."""
    show_one(deployment, [
        ("name", lambda each: each.deployment_uid), ("product", product_of), ("status", status_of),
        ("reason", lambda each: each.last_error if each.status == "error" else None),
        ("hint", lambda each: HINTS.get(each.failure_class or "") if each.status == "error" else None),
        ("url", lambda each: each.url), ("values", _values),
        ("generation", lambda each: f"{each.generation} (applied: {each.applied_generation or 'none yet'})"),
        ("upgrade", lambda each: "a newer version is there" if each.newer_template_id else None),
        ("cluster", lambda each: each.cluster), ("age", lambda each: age(each.created_at)),
        ("expires", lambda each: f"{each.expires_at:%Y-%m-%d %H:%M} UTC" if each.expires_at else None),
        ("id", lambda each: each.id),
    ], output)  # fmt: skip


def _values(deployment: Deployment) -> str:
    return msgspec.json.encode(deployment.user_values).decode() if deployment.user_values else ""

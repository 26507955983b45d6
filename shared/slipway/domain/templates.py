"""What a template version makes of a user's values."""

from typing import Any

import msgspec

from slipway.domain.charts import Capabilities, Registries, parse_chart_ref
from slipway.domain.images import parse_image
from slipway.domain.secrets import referring
from slipway.domain.values import SYSTEM, USER, Values, merge, nest, parse_pointer

BUILTIN_CHART = "web-service"
DEFAULT_HEALTH_TIMEOUT_SEC = 300


class TemplateSource(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a template version, as its columns have it."""

    docker_image_url: str | None = None
    chart_ref: str | None = None
    chart_version: str | None = None
    chart_digest: str | None = None
    default_values: Values = {}
    capabilities: Capabilities = Capabilities()
    health_timeout_sec: int | None = None


class SystemValues(msgspec.Struct, frozen=True, kw_only=True):
    """What Slipway tells a chart of the deployment. Always wins."""

    domain: str
    deployment_uid: str
    user_id: str


class ChartSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chart of a template comes from; the same fields as `messages.Chart`."""

    ref: str | None = None
    version: str | None = None
    digest: str | None = None
    builtin: str | None = None
    plain_http: bool = False

    @property
    def identity(self) -> str:
        return self.digest or f"builtin:{self.builtin}"


def capabilities_of(raw: dict[str, Any] | None) -> Capabilities:
    """Return the typed capabilities; msgspec.ValidationError names the wrong key."""
    return msgspec.convert(raw or {}, Capabilities)


def chart_source(template: TemplateSource, registries: Registries) -> ChartSource:
    """Return where to fetch the chart: from its registry, as it was uploaded, or for an image the built-in one."""
    if template.chart_ref is None and template.docker_image_url is None:
        return ChartSource(version=template.chart_version, digest=template.chart_digest)
    if template.chart_ref is None:
        return ChartSource(builtin=BUILTIN_CHART)
    ref = parse_chart_ref(template.chart_ref, registries)
    return ChartSource(
        ref=template.chart_ref,
        version=template.chart_version,
        digest=template.chart_digest,
        plain_http=ref.plain_http,
    )


def compose(template: TemplateSource, user_values: Values | None, system: SystemValues, *, secret: str = "") -> Values:
    """Return what Helm is given: defaults, the user's values in their place, system values in theirs.

    Secret fields are left out; the chart is told that they are in the Secret of that name.
    """
    layers = [_image_values(template), template.default_values]
    foreign = template.capabilities.user_values_paths is not None
    plain, references = referring(user_values or {}, template.capabilities.secret_fields, secret)
    if plain:
        layers.append(plain if foreign else {USER: plain})
    layers.append(references)
    system_values = msgspec.to_builtins(system)
    places = template.capabilities.system_values_paths
    if places is not None:
        layers += [nest(parse_pointer(place), system_values[name]) for name, place in sorted(places.items())]
    elif not foreign:
        layers.append({SYSTEM: system_values})
    return merge(*layers)


def _image_values(template: TemplateSource) -> Values:
    """Return the built-in chart's values for an image; nothing for templates with a chart of their own."""
    if template.chart_ref is not None or template.docker_image_url is None:
        return {}
    image = parse_image(template.docker_image_url)
    return {
        "image": {"repository": image.repository, "tag": image.tag, "digest": image.digest or ""},
        "containerPort": template.capabilities.port,
        "probePath": template.capabilities.probe_path,
    }

"""Registering and withdrawing template versions."""

from typing import Any
from uuid import UUID

import msgspec

from slipway.database.engine import WriteSession
from slipway.database.models import Product, ProductTemplateVersion
from slipway.database.queries import outbox, products, templates
from slipway.domain.charts import DIGEST, Capabilities, InvalidChartRef, Registries, parse_chart_ref
from slipway.domain.events import EventType
from slipway.domain.images import InvalidImage, parse_image
from slipway.domain.secret_places import embedded_part, placeless_secret, secret_pointers, secrets_end
from slipway.domain.templates import capabilities_of
from slipway.domain.values import USER, Problem, check_user_values, parse_pointer, pointer
from slipway.messaging.messages import Chart
from slipway.messaging.queries import RESOLVE, ResolveChart, ResolvedChart
from slipway_api.accepting import actor
from slipway_api.auth.gate import Caller
from slipway_api.deps import Deps
from slipway_api.operations import asking, charts, values_schema
from slipway_api.problems import ApiError, invalid
from slipway_api.schemas.products import ProductTemplateVersionCreate

RESOLVE_TIMEOUT_SEC = 10.0


def check(body: ProductTemplateVersionCreate, registries: Registries) -> None:
    """Refuse a template that could never be deployed, naming every field that is wrong."""
    found = [*_source(body, registries), *_values(body), *_capabilities(body)]
    if body.package_type != "helm-chart":
        found.append(Problem(pointer="/package_type", message="is helm-chart: there is no other kind yet"))
    if body.health_timeout_sec is not None and not 0 < body.health_timeout_sec <= 86_400:
        found.append(Problem(pointer="/health_timeout_sec", message="is 1 to 86400 seconds"))
    if body.version_label is not None and not 0 < len(body.version_label) <= 100:
        found.append(Problem(pointer="/version_label", message="has 1 to 100 characters"))
    if found:
        raise ApiError("invalid", errors=found)


def _source(body: ProductTemplateVersionCreate, registries: Registries) -> list[Problem]:
    found: list[Problem] = []
    if body.chart_ref is None and body.docker_image_url is None and body.chart_digest is None:
        message = (
            "is required (or docker_image_url, for the built-in web service, or chart_digest of an uploaded chart)"
        )
        found.append(Problem(pointer="/chart_ref", message=message))
    if body.chart_ref is not None:
        try:
            parse_chart_ref(body.chart_ref, registries)
        except InvalidChartRef as error:
            found.append(Problem(pointer="/chart_ref", message=str(error)))
        if not body.chart_version or len(body.chart_version) > 100:
            found.append(Problem(pointer="/chart_version", message="is required with a chart_ref"))
    if body.chart_digest is not None and not DIGEST.match(body.chart_digest):
        found.append(Problem(pointer="/chart_digest", message="is sha256: and 64 hex digits"))
    if body.docker_image_url is not None:
        try:
            parse_image(body.docker_image_url)
        except InvalidImage as error:
            found.append(Problem(pointer="/docker_image_url", message=str(error)))
    return found


def _values(body: ProductTemplateVersionCreate) -> list[Problem]:
    found: list[Problem] = []
    if body.default_values_json:
        faults = check_user_values(body.default_values_json)
        found += [Problem(pointer=f"/default_values_json{each.pointer}", message=each.message) for each in faults]
    schema = body.values_schema_json
    if not schema:
        return found
    try:
        values_schema.check_schema(schema)
    except values_schema.InvalidSchema as error:
        return [*found, Problem(pointer="/values_schema_json", message=str(error))]
    own = (body.default_values_json or {}).get(USER)
    if own is not None and not (body.capabilities_json or {}).get("user_values_paths"):
        wrong = values_schema.default_problems(own, schema)
        found += [Problem(pointer=f"/default_values_json/{USER}{each.pointer}", message=each.message) for each in wrong]
    return found


def _capabilities(body: ProductTemplateVersionCreate) -> list[Problem]:
    try:
        capabilities = capabilities_of(body.capabilities_json)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        where = pointer([part for part in path.rstrip("`").strip(".").split(".") if part])
        return [Problem(pointer=f"/capabilities_json{where}", message=text)]
    found: list[Problem] = []
    for index, path in enumerate(capabilities.user_values_paths or ()):
        found += _pointer_problem(path, f"/capabilities_json/user_values_paths/{index}")
    for name, path in (capabilities.system_values_paths or {}).items():
        if name not in ("domain", "deployment_uid", "user_id"):
            where = pointer(["capabilities_json", "system_values_paths", name])
            found.append(Problem(pointer=where, message="is not a system value: domain, deployment_uid, user_id"))
        found += _pointer_problem(path, pointer(["capabilities_json", "system_values_paths", name]))
    found += _secret_fields(body, capabilities)
    if not 1 <= capabilities.port <= 65535:
        found.append(Problem(pointer="/capabilities_json/port", message="is 1 to 65535"))
    if not capabilities.probe_path.startswith("/"):
        found.append(Problem(pointer="/capabilities_json/probe_path", message="begins with /"))
    return found


def _secret_fields(body: ProductTemplateVersionCreate, capabilities: Capabilities) -> list[Problem]:
    """Every secret of the schema needs a place in the chart, and every place a pointer."""
    found: list[Problem] = []
    for name, field in capabilities.secret_fields.items():
        where = pointer(["capabilities_json", "secret_fields", name])
        found += _pointer_problem(name, where)
        for key in ("name", "key", "resolve"):
            if (path := getattr(field, key)) is not None:
                found += _pointer_problem(path, f"{where}/{key}")
        if (field.resolve is None) == (field.name is None and field.key is None):
            message = "says where the chart takes the Secret's name (and key), or with resolve the value itself"
            found.append(Problem(pointer=where, message=message))
    schema = body.values_schema_json or {}
    if not secrets_end(schema, capabilities):
        message = (
            "has secrets in a part that refers to itself, or too many or too deep ones: their places cannot be told"
        )
        return [*found, Problem(pointer="/values_schema_json", message=message)]
    if (place := embedded_part(schema)) is not None:
        message = "a schema with secrets may not have parts with an $id of their own: write them without"
        return [*found, Problem(pointer=f"/values_schema_json{place}", message=message)]
    if (place := placeless_secret(schema, capabilities)) is not None:
        message = (
            "has or brings a secret that no fixed path leads to, like one in a list or under a name that users choose:"
            " give it a property of its own, or make the whole list or object secret"
        )
        return [*found, Problem(pointer=f"/values_schema_json{place}", message=message)]
    for place in sorted(secret_pointers(schema, capabilities) - set(capabilities.secret_fields)):
        message = f"the schema says that {place} is secret: say here how the chart takes it"
        found.append(Problem(pointer="/capabilities_json/secret_fields", message=message))
    return found


def _pointer_problem(path: str, where: str) -> list[Problem]:
    try:
        ok = bool(parse_pointer(path))
    except ValueError:
        ok = False
    return [] if ok else [Problem(pointer=where, message="is a JSON pointer such as /image/tag")]


async def located(deps: Deps, caller: Caller, body: ProductTemplateVersionCreate) -> ProductTemplateVersionCreate:
    """Return the body with what an executor knows of its chart: the digest of a reference, the version of an upload."""
    if body.chart_ref is None and body.docker_image_url is None:
        chart = Chart(digest=body.chart_digest)
        uploaded = await charts.opened(deps, caller, chart, pointer="/chart_digest")
        if body.chart_version not in (None, uploaded.chart_version):
            raise invalid("/chart_version", f"the uploaded chart is of version {uploaded.chart_version}")
        return msgspec.structs.replace(body, chart_version=uploaded.chart_version)
    if body.chart_ref is None or body.chart_digest is not None:
        return body
    chart = Chart(
        ref=body.chart_ref,
        version=body.chart_version,
        plain_http=parse_chart_ref(body.chart_ref, deps.registries).plain_http,
    )
    cluster, logins = await charts.readers(deps)
    question = ResolveChart(chart=chart, registries=logins)
    found = await asking.ask(
        deps, cluster, RESOLVE, question, ResolvedChart, who=caller.id, timeout=RESOLVE_TIMEOUT_SEC
    )
    if found.digest is None:
        raise invalid("/chart_ref", found.failure.reason if found.failure else "the chart cannot be found")
    return msgspec.structs.replace(body, chart_digest=found.digest)


async def register(session: WriteSession, caller: Caller, product: Product, body: ProductTemplateVersionCreate) -> UUID:
    """Insert the version and its event; return its id."""
    fields: dict[str, Any] = {
        **msgspec.structs.asdict(body),
        "default_values_json": body.default_values_json or {},
        "values_schema_json": body.values_schema_json or {},
    }
    template = await templates.add(session, product, **fields)
    data = {"template": str(template), "product": str(product.id), "version_label": body.version_label}
    await outbox.record(
        session, EventType.TEMPLATE_CREATED, actor=actor(caller), data=data, subject=f"templates/{template}"
    )
    return template


async def withdraw(session: WriteSession, caller: Caller, template: ProductTemplateVersion) -> None:
    """Withdraw a version: running deployments keep it. Doing it twice is doing it once."""
    await products.lock(session, template.product_id)  # or it could become current at this moment
    if await templates.withdraw(session, template.id):
        data = {"template": str(template.id), "product": str(template.product_id)}
        await outbox.record(
            session, EventType.TEMPLATE_WITHDRAWN, actor=actor(caller), data=data, subject=f"templates/{template.id}"
        )

"""`slipway admin import-chart`: publish a chart, or an image, as a version of a product."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from slipway.cli import values
from slipway.cli.exits import Exit, Stop
from slipway.cli.output import Column, Format, Output, say, show_one
from slipway.cli.session import connected
from slipway.client import NotFound, Slipway
from slipway.client.charts import Chart
from slipway.client.products import Product
from slipway.client.templates import Template

File = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
FILES = ("default_values_json", "values_schema_json", "capabilities_json")


async def import_chart(
    product: str,
    reference: str,
    /,
    *,
    version: str | None = None,
    image: bool = False,
    label: str | None = None,
    digest: str | None = None,
    schema: File = None,
    defaults: File = None,
    capabilities: File = None,
    health_timeout: int | None = None,
    description: str | None = None,
    current: Annotated[bool, Parameter(negative="--no-current")] = True,
    output: Output = Format.TABLE,
) -> None:
    """Publish a chart as a version of a product; the product is made when there is none of that name.

    Parameters
    ----------
    product
        The product's name or short name.
    reference
        oci://host/path/chart, https://host/path/chart of a classic repository, or a file chart-1.2.3.tgz, which is
        uploaded.
    version
        The chart's version, as in 1.2.3. Needed for a chart in a registry.
    image
        The reference is a container image, served by the built-in web-service chart.
    label
        What people call the version; by default the chart's version.
    digest
        The digest that `helm push` printed; looked up when it is not given.
    schema
        A YAML or JSON file, or -: the JSON schema of what users may set.
    defaults
        A YAML or JSON file, or -: values under those of users.
    capabilities
        A YAML or JSON file, or -: how the chart takes Slipway's values.
    health_timeout
        Seconds within which it must become ready.
    description
        One line for the catalogue, for a product that is new.
    current
        Make it what new deployments get, which --no-current leaves as it is.
    """
    archive = None if image else _archive(reference)
    body = {} if archive else _body(reference, version, image=image)
    files = zip(FILES, (defaults, schema, capabilities), ("--defaults", "--schema", "--capabilities"), strict=True)
    body |= {field: values.read_file(name, flag) for field, name, flag in files if name}
    given = {"version_label": label or version, "chart_digest": digest, "health_timeout_sec": health_timeout}
    body |= {field: value for field, value in given.items() if value is not None}
    async with connected() as slipway:
        if archive:
            chart = await slipway.charts.upload(archive)
            body |= {"chart_digest": chart.chart_digest, "chart_version": version or chart.chart_version}
            body.setdefault("version_label", chart.chart_version)
            body.setdefault("values_schema_json", _offered(chart))
        found, is_new = await _product(slipway, product, description)
        try:
            made = await slipway.templates.create(found.id, **body)
        except BaseException:
            if is_new:  # a product that nothing can be deployed from would only be in the way of the next try
                await slipway.products.delete(found.id)
            raise
        if current and (await slipway.products.get(found.id)).template_id != made.id:  # a first one is by itself
            await slipway.products.change(found.id, template_id=made.id)
    if output is Format.TABLE:
        say(f"{found.slug} {made.label} is published{'; it is what new deployments get' if current else ''}")
    lines: list[Column[Template]] = [
        ("product", lambda _: found.slug), ("version", lambda each: each.label), ("chart", lambda each: each.chart_ref),
        ("image", lambda each: each.docker_image_url), ("digest", lambda each: each.chart_digest),
        ("id", lambda each: each.id),
    ]  # fmt: skip
    show_one(made, lines, output)


def _archive(reference: str) -> bytes | None:
    """Return the archive of a reference that is a file; Stop when it looks like one and cannot be read."""
    if "://" in reference or not reference.endswith((".tgz", ".tar.gz")):
        return None
    try:
        return Path(reference).read_bytes()
    except OSError as error:
        raise Stop(Exit.MISUNDERSTOOD, f"{reference} cannot be read: {error.strerror}") from error


def _offered(chart: Chart) -> dict[str, Any] | None:
    """Return the part of a chart's own schema that is for users."""
    whole = chart.values_schema or {}
    user = (whole.get("properties") or {}).get("user")
    shared = {key: whole[key] for key in ("$defs", "definitions") if key in whole}
    return {"type": "object", **shared, "properties": {"user": user}} if user else None


def _body(reference: str, version: str | None, *, image: bool) -> dict[str, Any]:
    if image:
        return {"docker_image_url": reference}
    if version is None:
        raise Stop(Exit.MISUNDERSTOOD, "--version: which version of the chart? (for a container image say --image)")
    return {"chart_ref": reference, "chart_version": version}


async def _product(slipway: Slipway, name: str, description: str | None) -> tuple[Product, bool]:
    """Return the product, and whether it was made just now."""
    try:
        return await slipway.products.find(name), False
    except NotFound:
        return await slipway.products.create(name, description=description), True

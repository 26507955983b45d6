"""`slipway products`: what can be deployed, and what of it can be set."""

from typing import Any

from cyclopts import App

from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.output import Column, Format, Output, show_list, show_one
from slipway.cli.session import connected
from slipway.client.products import Product
from slipway.client.templates import Template

Schema = dict[str, Any]
Row = tuple[str, str, str, str]


async def products(name: str | None = None, *, output: Output = Format.TABLE) -> None:
    """List the catalogue; with a name, show the product and what can be set when it is deployed.

    Parameters
    ----------
    name
        A product's short name (slug), name or id.
    """
    async with connected() as slipway:
        if name is None:
            columns: list[Column[Product]] = [
                ("name", lambda each: each.slug), ("version", _version), ("title", lambda each: each.name),
                ("description", lambda each: each.description),
            ]  # fmt: skip
            show_list(await slipway.products.list(), columns, output, empty="the catalogue is empty")
            return
        product = await slipway.products.find(name)
        versions = await slipway.templates.of_product(product.id)
    if output is not Format.TABLE:
        show_one(product, [], output)
        return
    show_one(product, [
        ("name", lambda each: each.slug), ("title", lambda each: each.name),
        ("description", lambda each: each.description), ("version", _version),
        ("chart", lambda each: _source(each.template)),
        ("versions", lambda _: ", ".join(each.label for each in versions)),
    ], output)  # fmt: skip
    show_values(product.template)


def show_values(template: Template | None) -> None:
    """Print the values that a user may set, as `--set` names them."""
    schema = template.user_schema if template else None
    rows = list(fields(schema or {}))
    print()
    columns: list[Column[Row]] = [
        ("value", lambda row: row[0]), ("type", lambda row: row[1]), ("default", lambda row: row[2]),
        ("what", lambda row: row[3]),
    ]  # fmt: skip
    show_list(rows, columns, Format.TABLE, empty="nothing of it can be set")


def fields(schema: Schema, path: str = "") -> list[Row]:
    """Return dotted name, type, default and meaning of each value of a schema, parents before children."""
    required = set(schema.get("required", []))
    rows: list[Row] = []
    for name, each in (schema.get("properties") or {}).items():
        dotted = f"{path}{name.replace('.', chr(92) + '.')}"
        if isinstance(each, dict) and each.get("properties"):
            rows += fields(each, f"{dotted}.")
        else:
            rows.append(_row(dotted, each if isinstance(each, dict) else {}, required=name in required))
    return rows


def _row(name: str, schema: Schema, *, required: bool) -> Row:
    secret = schema.get("writeOnly") or schema.get("format") == "password"
    default = schema.get("default")
    what = ". ".join(text for text in (schema.get("title"), schema.get("description")) if text)
    marks = [text for text, is_so in (("required", required), ("secret", secret)) if is_so]
    return (
        name,
        _type(schema),
        "" if default is None else str(default),
        " ".join([what, *(f"({m})" for m in marks)]).strip(),
    )


def _type(schema: Schema) -> str:
    if options := schema.get("enum"):
        return " | ".join(str(each) for each in options)
    kind = schema.get("type", "any")
    name = "|".join(kind) if isinstance(kind, list) else str(kind)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return name
    return f"{name} {'' if low is None else low}..{'' if high is None else high}"


def _version(product: Product) -> str:
    return product.template.label if product.template else "none yet"


def _source(template: Template | None) -> str:
    if template is None:
        return ""
    return f"{template.chart_ref} {template.chart_version}" if template.chart_ref else str(template.docker_image_url)


def register(app: App) -> None:
    app.command(products, group=DEPLOYMENTS)

"""`slipway admin change-product`, `delete-product`, `withdraw`: what the catalogue offers."""

from typing import Any

from cyclopts import App

from slipway.cli.asking import agreed, typed_name
from slipway.cli.deploy import Yes, version_of
from slipway.cli.exits import Exit, Stop
from slipway.cli.output import Column, Format, Output, say, show_one
from slipway.cli.session import connected
from slipway.client.products import Product

SHOWN: list[Column[Product]] = [
    ("name", lambda each: each.slug), ("title", lambda each: each.name), ("description", lambda each: each.description),
    ("icon", lambda each: each.icon), ("version", lambda each: each.template.label if each.template else "none yet"),
    ("id", lambda each: each.id),
]  # fmt: skip


async def change_product(
    product: str,
    /,
    *,
    title: str | None = None,
    description: str | None = None,
    icon: str | None = None,
    current: str | None = None,
    output: Output = Format.TABLE,
) -> None:
    """Change how a product is shown, or which version new deployments get.

    Parameters
    ----------
    product
        Its short name, name or id.
    title
        Its name in the catalogue.
    description
        A sentence or two for the catalogue.
    icon
        An emoji, or the https address of an image.
    current
        The version that new deployments get.
    """
    given: dict[str, Any] = {"name": title, "description": description, "icon": icon}
    changes = {field: value for field, value in given.items() if value is not None}
    async with connected() as slipway:
        found = await slipway.products.find(product)
        if current is not None:
            changes["template_id"] = (await version_of(slipway, found, current)).id
        if not changes:
            raise Stop(Exit.MISUNDERSTOOD, "nothing to change: use --title, --description, --icon or --current")
        await slipway.products.change(found.id, **changes)
        show_one(await slipway.products.get(found.id), SHOWN, output)


async def delete_product(product: str, /, *, cascade: bool = False, yes: Yes = False) -> None:
    """Take a product out of the catalogue with all its versions. Asks for its name first.

    Parameters
    ----------
    product
        Its short name, name or id.
    cascade
        Remove its deployments with all of their data too; without it, a product that has any is not removed.
    """
    async with connected() as slipway:
        found = await slipway.products.find(product)
        question = f"This removes {found.name}{' and all of its deployments' if cascade else ''}."
        if not typed_name(question, found.slug, yes=yes):
            raise Stop(Exit.FAILED, f"that is not its name ({found.slug}): nothing was removed")
        await slipway.products.delete(found.id, cascade=cascade)
    say(f"{found.slug} is removed")


async def withdraw(product: str, version: str, /, *, yes: Yes = False) -> None:
    """Withdraw a version: no new deployment gets it, those that run it keep it.

    Parameters
    ----------
    product
        Its short name, name or id.
    version
        Its label, chart version or id.
    """
    async with connected() as slipway:
        found = await slipway.products.find(product)
        template = await version_of(slipway, found, version)
        if not agreed(f"Withdraw {found.slug} {template.label}? It cannot be taken back.", yes=yes):
            raise Stop(Exit.FAILED, "nothing was withdrawn")
        await slipway.templates.withdraw(template.id)
    say(f"{found.slug} {template.label} is withdrawn")


def register(app: App) -> None:
    for command in (change_product, delete_product, withdraw):
        app.command(command)

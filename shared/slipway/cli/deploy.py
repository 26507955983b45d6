"""`slipway deploy` and `slipway change`: say what is wanted, see what it would do, watch it happen."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from slipway.cli import values
from slipway.cli.asking import agreed, at_terminal
from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.output import Format, Output, say
from slipway.cli.previewing import show_preview
from slipway.cli.session import connected
from slipway.cli.showing import show_deployment
from slipway.cli.times import moment_of, seconds_of
from slipway.cli.waiting import Timeout, Wait, last_event, until_done
from slipway.client import NotFound, Slipway
from slipway.client.deployments import Deployment
from slipway.client.previews import Preview
from slipway.client.products import Product
from slipway.client.templates import Template

Set = Annotated[
    list[str] | None,
    Parameter(name=["--set", "-s"], help="One value: replicas=2 or mail.host=mx. May be repeated."),
]
File = Annotated[
    str | None,
    Parameter(
        name=["--values", "-f"], allow_leading_hyphen=True, help="A YAML or JSON file of values; - is standard input."
    ),
]
Shown = Annotated[bool, Parameter(name="--preview", help="Show what would be made, and ask first.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], help="Do not ask.")]


async def deploy(
    product: str,
    domain: str,
    /,
    *,
    set_: Set = None,
    file: File = None,
    version: str | None = None,
    cluster: str | None = None,
    expires: str | None = None,
    preview: Shown = False,
    yes: Yes = False,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Deploy a product under a domain.

    Parameters
    ----------
    product
        The product's short name: see `slipway products`.
    domain
        Where it shall answer, as in shop.example.org.
    version
        Another version than the current one.
    cluster
        Another cluster than the default one.
    expires
        Delete it by itself: in 12h, in 7d, or at 2030-01-31T12:00:00Z.
    """
    async with connected() as slipway:
        template = await _template(slipway, await slipway.products.find(product), version)
        asked: dict[str, Any] = {"template_id": template.id, "domain_name": domain}
        if set_ or file:
            asked["user_values"] = values.gathered(template.user_schema, file, set_ or [])
        if cluster:
            asked["cluster"] = cluster
        promise: dict[str, Any] = {}
        if preview:
            found = await slipway.deployments.preview(**asked)
            if not _goes_on(found, yes=yes, output=output):
                return
            promise = {"preview_id": found.id}
        if expires:
            asked["expires_at"] = moment_of(expires, "--expires")
        made = await slipway.deployments.create(**asked, **promise)
        await finish(slipway, made, wait=wait, timeout=timeout, output=output)


async def change(
    name: str,
    /,
    *,
    set_: Set = None,
    file: File = None,
    replace: bool = False,
    domain: str | None = None,
    expires: str | None = None,
    preview: Shown = False,
    yes: Yes = False,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Change values, domain or expiry of a deployment; what is not named stays as it is.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    replace
        Forget the values that it has: those given here are all.
    domain
        Where it shall answer from now on.
    expires
        Delete it by itself: in 12h, in 7d, at 2030-01-31T12:00:00Z, or `never`.
    """
    async with connected() as slipway:
        before = await slipway.deployments.find(name)
        asked: dict[str, Any] = {"domain_name": domain} if domain else {}
        seen = None
        if set_ or file or replace:
            under = {} if replace else before.user_values or {}
            seen = None if replace else before.generation  # others' values would be lost with the older ones put back
            asked["user_values"] = values.gathered(before.template.user_schema, file, set_ or [], under=under)
        promise: dict[str, Any] = {}
        if preview:
            found = await slipway.deployments.preview_change(before.id, **asked)
            if not _goes_on(found, yes=yes, output=output):
                return
            promise = {"preview_id": found.id, "confirm_empty": found.removes_everything}
        if expires:
            asked["expires_at"] = None if expires == "never" else moment_of(expires, "--expires")
        if not asked:
            raise Stop(Exit.MISUNDERSTOOD, "nothing to change: use --set, --values, --domain or --expires")
        after = await last_event(slipway, before)
        changed = await slipway.deployments.change(before.id, seen=seen, **asked, **promise)
        if changed.generation == before.generation:
            say("nothing changes: it is so already" if "expires_at" not in asked else "stored")
        await finish(slipway, changed, wait=wait, timeout=timeout, output=output, after=after)


async def finish(
    slipway: Slipway, asked: Deployment, *, wait: bool, timeout: str, output: Format, after: int | None = None
) -> None:
    """Show what was asked for, after waiting for it when that is wanted."""
    within = seconds_of(timeout, "--timeout")
    if wait:
        asked = await until_done(slipway, asked, within, after=after)
    show_deployment(asked, output)
    if not wait and asked.status not in ("ready", "deleted") and output is Format.TABLE:
        say(f"\nfollow it with `slipway show {asked.deployment_uid}`, or use --wait next time")


def _goes_on(found: Preview, *, yes: bool, output: Format) -> bool:
    """Show the preview; return whether the person wants it. Where nobody can answer, showing is all."""
    if output is Format.TABLE or not yes:  # with --yes, what is printed for programs is the deployment
        show_preview(found, output)
    if not yes and (not at_terminal() or output is not Format.TABLE):
        say("only shown: add --yes to do it")
        return False
    return agreed("Go ahead?", yes=yes)


async def _template(slipway: Slipway, product: Product, version: str | None) -> Template:
    if version is None:
        if product.template is None:
            raise NotFound(f"{product.slug} has no current version: ask your platform team")
        return product.template
    return await version_of(slipway, product, version)


async def version_of(slipway: Slipway, product: Product, version: str) -> Template:
    """Return a product's version by label, chart version or id; NotFound names those that there are."""
    versions = await slipway.templates.of_product(product.id)
    for each in versions:
        if version in (each.version_label, each.chart_version, str(each.id)):
            return each
    there = ", ".join(each.label for each in versions) or "none"
    raise NotFound(f"{product.slug} has no version {version!r}; there are: {there}")


def register(app: App) -> None:
    for command in (deploy, change):
        app.command(command, group=DEPLOYMENTS)

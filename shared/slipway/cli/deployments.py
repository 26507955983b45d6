"""`slipway list`, `show`, `upgrade`, `rollback`, `delete`: the deployments that one has."""

from datetime import datetime

from cyclopts import App

from slipway.cli.asking import typed_name
from slipway.cli.deploy import Yes, finish, version_of
from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.output import Column, Format, Output, console, printable, say, show_list
from slipway.cli.phrases import phrase
from slipway.cli.session import connected
from slipway.cli.showing import product_of, show_deployment, status_of
from slipway.cli.times import age, seconds_of
from slipway.cli.waiting import Timeout, Wait, last_event, until_done
from slipway.client import Refused, Slipway
from slipway.client.deployments import Deployment
from slipway.client.insight import Revision
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import CloudEvent

LAST_EVENTS = 8
Row = tuple[str, str, bool, str | None, datetime | None]


async def list_(
    *,
    status: DeploymentStatus | None = None,
    user: str | None = None,
    deleted: bool = False,
    output: Output = Format.TABLE,
) -> None:
    """List your deployments, newest first.

    Parameters
    ----------
    status
        Only those.
    user
        Those of another user, by address. For admins.
    deleted
        Those that are gone.
    """
    async with connected() as slipway:
        owner = (await slipway.users.find(user)).id if user else None
        found = [each async for each in slipway.deployments.list(status=status, user=owner, deleted=deleted)]
    columns: list[Column[Deployment]] = [
        ("name", lambda each: each.deployment_uid), ("product", product_of), ("domain", lambda each: each.domain_name),
        ("status", status_of), ("age", lambda each: age(each.created_at)),
    ]  # fmt: skip
    show_list(found, columns, output, empty="no deployment: `slipway products` shows what there is to deploy")


async def show(name: str, /, *, output: Output = Format.TABLE) -> None:
    """Show a deployment: how it stands and why, its objects, and what happened last.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        show_deployment(found, output)
        if output is not Format.TABLE:
            return
        if found.status not in ("deleted", "pending"):
            await _show_objects(slipway, found)
        await _show_events(slipway, found)


async def _show_objects(slipway: Slipway, deployment: Deployment) -> None:
    try:
        resources = await slipway.insight.resources(deployment.id)
    except Refused as error:
        say(f"\nits objects cannot be shown: {error.detail or error.code}")
        return
    out = console()
    out.print()
    rows: list[Row] = [(each.kind, each.name, each.ready, each.reason, each.created_at) for each in resources.objects]
    rows += [("Pod", each.name, each.ready, each.reason, each.created_at) for each in resources.pods]
    columns: list[Column[Row]] = [
        ("object", lambda row: f"{row[0]}/{row[1]}"), ("ready", lambda row: "yes" if row[2] else "no"),
        ("age", lambda row: age(row[4])), ("reason", lambda row: row[3]),
    ]  # fmt: skip
    show_list(rows, columns, Format.TABLE, empty="it has no objects")


async def _show_events(slipway: Slipway, deployment: Deployment) -> None:
    newest = slipway.insight.events(deployment.id, newest_first=True, most=LAST_EVENTS)
    events = [event async for event in newest][::-1]
    print()
    columns: list[Column[CloudEvent]] = [("last events", lambda each: f"{age(each.time)} ago"), ("", phrase)]
    show_list(events, columns, Format.TABLE, empty="nothing happened yet")


async def upgrade(
    name: str,
    /,
    *,
    to: str | None = None,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Go to the product's current version, or to another. For admins.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    to
        The version; by default the product's current one.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        if to is not None:
            product = await slipway.products.get(found.template.product_id)
            template = (await version_of(slipway, product, to)).id
        elif found.newer_template_id is None:
            say(f"{found.deployment_uid} has the current version already, or a later one: --to names another")
            show_deployment(found, output)
            return
        else:
            template = found.newer_template_id
        after = await last_event(slipway, found)
        asked = await slipway.deployments.upgrade(found.id, template)
        await finish(slipway, asked, wait=wait, timeout=timeout, output=output, after=after)


async def notes(name: str, /) -> None:
    """Print what the chart tells the user of a deployment: how to go on from here.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        text = await slipway.insight.notes(found.id)
    if text.strip():
        print(printable(text))
    else:
        say(f"the chart of {found.deployment_uid} has nothing to say")


async def revisions(name: str, /, *, output: Output = Format.TABLE) -> None:
    """List the revisions that a deployment had, newest first.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        rows = await slipway.insight.revisions(found.id)
        labels = {each.id: each.label for each in await slipway.templates.of_product(found.template.product_id)}
    columns: list[Column[Revision]] = [
        ("revision", lambda each: each.revision), ("version", lambda each: labels.get(each.template_id, "withdrawn")),
        ("result", lambda each: "succeeded" if each.succeeded else "failed"),
        ("age", lambda each: age(each.created_at)), ("values", lambda each: each.user_values_json or ""),
    ]  # fmt: skip
    show_list(rows, columns, output, empty="no revision was deployed yet")


async def rollback(
    name: str,
    revision: int | None = None,
    /,
    *,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Go back to an earlier revision, by default to the newest that was ready before what is wanted now.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    revision
        Its number: see `slipway revisions`.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        wanted = revision or await _one_before(slipway, found)
        after = await last_event(slipway, found)
        asked = await slipway.deployments.roll_back(found.id, wanted)
        if asked.generation == found.generation:
            say(f"nothing changes: what revision {wanted} was made of is wanted already")
        else:
            say(f"going back to revision {wanted}")
        await finish(slipway, asked, wait=wait, timeout=timeout, output=output, after=after)


async def _one_before(slipway: Slipway, deployment: Deployment) -> int:
    """Return the newest revision that was ready and is not what is wanted now, or Stop.

    While a change waits, is at work or has failed, that is the one that serves; else the one before it.
    """
    for each in await slipway.insight.revisions(deployment.id):
        if each.succeeded and each.generation != deployment.generation:
            return each.revision
    raise Stop(Exit.CONFLICT, f"{deployment.deployment_uid} has no earlier revision that was ready")


async def delete(
    name: str,
    /,
    *,
    yes: Yes = False,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Remove a deployment with everything in its namespace. Asks for its name first.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        question = f"This removes {found.deployment_uid} ({found.domain_name}) with all of its data."
        if not typed_name(question, found.deployment_uid, yes=yes):
            raise Stop(Exit.FAILED, "that is not its name: nothing was removed")
        after = await last_event(slipway, found)
        asked = await slipway.deployments.delete(found.id)
        if wait:
            asked = await until_done(slipway, asked, seconds_of(timeout, "--timeout"), after=after)
        if output is not Format.TABLE:
            show_deployment(asked, output)
        elif not wait:
            say(f"{found.deployment_uid} is being removed")


def register(app: App) -> None:
    app.command(list_, name="list", group=DEPLOYMENTS)
    for command in (show, notes, upgrade, revisions, rollback, delete):
        app.command(command, group=DEPLOYMENTS)

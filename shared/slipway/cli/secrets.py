"""`slipway secret`: the secret values of a deployment, which are set and never shown."""

from typing import Annotated

from cyclopts import App, Parameter

from slipway.cli import asking
from slipway.cli.deploy import finish
from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.output import Format, Output, say, show_list
from slipway.cli.session import connected
from slipway.cli.waiting import Timeout, Wait, last_event
from slipway.client.deployments import Deployment
from slipway.domain.secret_places import secret_pointers
from slipway.domain.templates import capabilities_of
from slipway.domain.values import at, parse_pointer

app = App(name="secret", help="The secret values of a deployment.", group=DEPLOYMENTS)


@app.command(name="list")
async def list_(name: str, /, *, output: Output = Format.TABLE) -> None:
    """List which secret values a deployment can have, and which are set.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
    rows = [{"field": field, "is_set": _is_set(found, field)} for field in fields_of(found)]
    show_list(
        rows, [("field", lambda row: row["field"]), ("set", lambda row: "yes" if row["is_set"] else "no")], output,
        empty=f"{found.deployment_uid} has no secret values",
    )  # fmt: skip


@app.command(name="set")
async def set_(
    name: str,
    field: str,
    /,
    *,
    file: str | None = None,
    from_stdin: Annotated[bool, Parameter(name="--stdin")] = False,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Set a secret value; it is asked for, and stored so that only the cluster can read it.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    field
        Which value, as `slipway secret list` names it: `mail.password`.
    file
        Read it from this file.
    from_stdin
        Read it from standard input.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        path = _path(found, field)
        value = asking.secret(f"{field} of {found.deployment_uid}: ", from_stdin=from_stdin, file=file)
        after = await last_event(slipway, found)
        asked = await slipway.deployments.set_secret(found.id, path, value)
        await finish(slipway, asked, wait=wait, timeout=timeout, output=output, after=after)


@app.command
async def remove(
    name: str,
    field: str,
    /,
    *,
    wait: Wait = False,
    timeout: Timeout = "15m",
    output: Output = Format.TABLE,
) -> None:
    """Remove a secret value.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    field
        Which value, as `slipway secret list` names it.
    """
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        path = _path(found, field)
        if not _is_set(found, field):
            say(f"{field} is not set")
        after = await last_event(slipway, found)
        asked = await slipway.deployments.remove_secret(found.id, path)
        await finish(slipway, asked, wait=wait, timeout=timeout, output=output, after=after)


def fields_of(deployment: Deployment) -> list[str]:
    """Return the dotted names of the secret values that its version can take."""
    template = deployment.template
    places = secret_pointers(template.values_schema_json, capabilities_of(template.capabilities_json))
    return sorted(place.strip("/").replace("/", ".") for place in places)


def _path(deployment: Deployment, field: str) -> str:
    there = fields_of(deployment)
    if field not in there:
        names = ", ".join(there) or "none"
        raise Stop(Exit.NOT_FOUND, f"{deployment.deployment_uid} has no secret value {field!r}; there are: {names}")
    return field.replace(".", "/")


def _is_set(deployment: Deployment, field: str) -> bool:
    return at(deployment.user_values or {}, parse_pointer("/" + field.replace(".", "/"))) is not None

"""`slipway admin registries`, `add-registry`, `remove-registry`: credentials for charts and images."""

from typing import Annotated

from cyclopts import App, Parameter

from slipway.cli.asking import line, password
from slipway.cli.exits import Exit, Stop
from slipway.cli.output import Column, Format, Output, say, show_list, show_one
from slipway.cli.session import connected
from slipway.cli.times import age
from slipway.client.registries import Registry

COLUMNS: list[Column[Registry]] = [
    ("host", lambda each: each.host), ("user", lambda each: each.username),
    ("clusters", lambda each: ", ".join(each.clusters)), ("age", lambda each: age(each.created_at)),
]  # fmt: skip


async def registries(*, output: Output = Format.TABLE) -> None:
    """List registries with credentials, and the clusters that have them."""
    async with connected() as slipway:
        show_list(await slipway.registries.list(), COLUMNS, output, empty="no registry has credentials")


async def add_registry(
    host: str,
    /,
    *,
    user: Annotated[str | None, Parameter(name=["--user", "-u"])] = None,
    password_stdin: bool = False,
    output: Output = Format.TABLE,
) -> None:
    """Store the credentials of a registry, in place of earlier ones; the password is asked for.

    Parameters
    ----------
    host
        The registry, as in charts.example.org:5000. It has to be on the platform's list (SLIPWAY_REGISTRIES).
    user
        The user name there.
    password_stdin
        Read the password from standard input.
    """
    if user is None and password_stdin:
        raise Stop(Exit.MISUNDERSTOOD, "--user: needed with --password-stdin")
    name = user if user is not None else line(f"User name at {host}: ")
    if not name:
        raise KeyboardInterrupt
    given = password(f"Password of {name}: ", from_stdin=password_stdin)
    async with connected() as slipway:
        show_one(await slipway.registries.store(host, name, given), COLUMNS, output)


async def remove_registry(
    host: Annotated[str, Parameter(help="The registry: see `slipway admin registries`.")], /
) -> None:
    """Remove the credentials of a registry."""
    async with connected() as slipway:
        found = await slipway.registries.find(host)
        await slipway.registries.delete(found.id)
    say(f"removed: {found.host}")


def register(app: App) -> None:
    for command in (registries, add_registry, remove_registry):
        app.command(command)

"""`slipway object`: one object of a deployment as the cluster has it."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.output import Format, dump, say
from slipway.cli.session import connected


async def object_(
    name: str,
    which: str,
    /,
    *,
    api_version: str | None = None,
    output: Annotated[Literal["yaml", "json"], Parameter(name=["--output", "-o"], help="How to print it.")] = "yaml",
) -> None:
    """Print one object of a deployment as the cluster has it. Secrets are hidden.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    which
        Kind and name, as `slipway show` prints them: `Deployment/web`, `pod/web-0`.
    api_version
        Needed only where two groups have such a kind: `apps/v1`.
    """
    kind, slash, called = which.partition("/")
    if not (kind and slash and called):
        raise Stop(Exit.MISUNDERSTOOD, f"{which} is not KIND/NAME: `slipway show {name}` lists the objects")
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        shown = await slipway.insight.object(found.id, kind, called, api_version=api_version)
    dump(shown.manifest, Format(output))
    if shown.shortened:
        say("it is too large to be shown whole")


def register(app: App) -> None:
    app.command(object_, name="object", group=DEPLOYMENTS)

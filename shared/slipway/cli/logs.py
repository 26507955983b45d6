"""`slipway logs`: what the pods of a deployment print."""

import asyncio
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from slipway.cli.exits import Exit, Stop
from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.session import connected
from slipway.client import Slipway


async def logs(
    name: str,
    /,
    *,
    pod: Annotated[str | None, Parameter(name=["--pod", "-p"])] = None,
    container: Annotated[str | None, Parameter(name=["--container", "-c"])] = None,
    tail: int = 100,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"])] = False,
    previous: bool = False,
) -> None:
    """Print what a deployment's pods print; with several pods, each line begins with its pod.

    Parameters
    ----------
    name
        Its name, its domain, or the beginning of its name.
    pod
        One pod: see `slipway show`.
    container
        One container of the pods; by default their first.
    tail
        How many of the last lines of each pod, at most 5000.
    follow
        Go on until the pods end, or Ctrl-C.
    previous
        What the container printed before it was restarted.
    """
    if follow and previous:
        raise Stop(Exit.MISUNDERSTOOD, "--previous is over: it cannot be followed")
    async with connected() as slipway:
        found = await slipway.deployments.find(name)
        pods = [pod] if pod else [each.name for each in (await slipway.insight.resources(found.id)).pods]
        if not pods:
            raise Stop(Exit.NOT_FOUND, f"{found.deployment_uid} has no pod now: `slipway show {found.deployment_uid}`")
        if not follow:
            for each in pods:
                text = await slipway.insight.logs(
                    found.id, each, tail=tail, container=container, previous=previous
                )  # fmt: skip
                for line in text.splitlines():
                    _print(line, each, several=len(pods) > 1)
            return
        try:
            async with asyncio.TaskGroup() as group:
                for each in pods:
                    group.create_task(_follow(slipway, found.id, each, container, tail, several=len(pods) > 1))
        except ExceptionGroup as broken:  # the first that breaks off ends the others
            raise broken.exceptions[0] from None


async def _follow(
    slipway: Slipway, deployment: UUID, pod: str, container: str | None, tail: int, *, several: bool
) -> None:
    async for line in slipway.insight.follow_logs(deployment, pod, tail=tail, container=container):
        _print(line, pod, several=several)


def _print(line: str, pod: str, *, several: bool) -> None:
    print(f"{pod} | {line}" if several else line, flush=True)


def register(app: App) -> None:
    app.command(logs, group=DEPLOYMENTS)

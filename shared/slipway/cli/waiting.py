"""`--wait`: show what happens to a deployment until nothing follows by itself."""

import asyncio
import contextlib
import time
from typing import Annotated

from cyclopts import Parameter
from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from slipway.cli.exits import Exit, Stop
from slipway.cli.output import printable, remarks, say, styled
from slipway.cli.phrases import phrase
from slipway.client import Refused, Slipway
from slipway.client.deployments import Deployment
from slipway.client.jobs import Job
from slipway.client.previews import ObjectName
from slipway.domain.deployments import DeploymentStatus
from slipway.domain.events import CloudEvent, EventType
from slipway.domain.jobs import FINISHED, JobStatus

LOOK_SEC = 0.5
LOOK_INSIDE_SEC = 2.0
SHOWN_OBJECTS = 8

Wait = Annotated[
    bool, Parameter(name=["--wait", "-w"], help="Stay until what was asked for is done; exit code 6 when it fails.")
]
Timeout = Annotated[str, Parameter(help="How long --wait waits at most, as in 30s or 2h; 15m when not given.")]


class Watch:
    """One deployment from the moment that something was asked of it."""

    def __init__(self, slipway: Slipway, deployment: Deployment, after: int | None) -> None:
        self._slipway = slipway
        self._after = after
        self._looked_inside = 0.0
        self._job: Job | None = None
        self._removal = deployment.status in (DeploymentStatus.DELETING, DeploymentStatus.DELETED)
        self._failed_test: str | None = None
        self.now = deployment
        self.steps: list[str] = []
        self.objects: list[str] = []

    async def look(self) -> list[str]:
        """Read how it stands; return the steps that are new."""
        self._job = next(iter(await self._slipway.insight.jobs(self.now.id, most=1)), None)  # first: the end of the
        self.now = await self._slipway.deployments.get(self.now.id)  # job is written together with what follows here
        fresh: list[CloudEvent] = [
            event async for event in self._slipway.insight.events(self.now.id, after=self._after)
        ]
        if fresh:
            self._after = fresh[-1].slipwayseq
        said = [printable(phrase(event)) for event in fresh]
        self.steps += said
        for event in fresh:
            if event.type == EventType.DEPLOYMENT_TESTED:
                self._failed_test = None if event.data.get("succeeded") else event.data.get("reason") or "no reason"
        await self._look_inside()
        return said

    @property
    def done(self) -> bool:
        """Whether its newest job has ended: a failed try that will be repeated is not the end."""
        return self._job is None or self._job.status in FINISHED

    @property
    def failure(self) -> str | None:
        """Return what to say of it when it is done and was not what was asked for."""
        job, now = self._job, self.now
        if now.status == DeploymentStatus.DELETED:
            return None if self._removal else "was deleted meanwhile"
        given_up = job is not None and job.status not in (JobStatus.SUCCEEDED, JobStatus.SUPERSEDED)
        if now.status == DeploymentStatus.ERROR or given_up:
            why = now.last_error or (job.last_error if job else None)
            return f"failed: {why or 'no reason is known'}"
        return f"is {now.status}, but its tests failed: {self._failed_test}" if self._failed_test else None

    @property
    def held(self) -> bool:
        return self.now.suspended and self.now.status != "deleting"

    async def _look_inside(self) -> None:
        if self.done or time.monotonic() - self._looked_inside < LOOK_INSIDE_SEC:
            return
        self._looked_inside = time.monotonic()
        try:
            found = await self._slipway.insight.resources(self.now.id)
        except Refused:  # its cluster does not answer just now: the rest is still worth showing
            self.objects = []
            return
        self.objects = [
            printable(f"{_name(each)}: {each.reason or 'not ready'}") for each in found.objects if not each.ready
        ]


async def until_done(slipway: Slipway, deployment: Deployment, timeout_sec: float, *, after: int | None) -> Deployment:
    """Show the deployment until its newest job ends; Stop when that failed, or its tests, or it takes longer than the timeout.

    `after` is the `slipwayseq` of the last event that is no news.
    """
    watch = Watch(slipway, deployment, after)
    began = time.monotonic()
    console = remarks()
    live = Live(console=console, refresh_per_second=8, transient=False) if console.is_terminal else None
    with live or contextlib.nullcontext():
        while True:
            said = await watch.look()
            if live:
                live.update(_picture(watch, time.monotonic() - began))
            else:
                for step in said:
                    say(f"{deployment.deployment_uid}: {step}")
            if watch.done:
                break
            if watch.held:
                name = deployment.deployment_uid
                raise Stop(Exit.CONFLICT, f"{name} is suspended: this waits until `slipway resume {name}`")
            if time.monotonic() - began > timeout_sec:
                name = deployment.deployment_uid
                raise Stop(Exit.TOO_LONG, f"{name} is still {watch.now.status}; it goes on: `slipway show {name}`")
            await asyncio.sleep(LOOK_SEC)
    if watch.failure:
        raise Stop(Exit.NOT_READY, f"{deployment.deployment_uid} {watch.failure}")
    return watch.now


async def last_event(slipway: Slipway, deployment: Deployment) -> int | None:
    """Return the `slipwayseq` of the newest event, to be taken before something is asked."""
    async for event in slipway.insight.events(deployment.id, newest_first=True, most=1):
        return event.slipwayseq
    return None


def _picture(watch: Watch, seconds: float) -> Group:
    head = Text.assemble(
        (watch.now.deployment_uid, "bold"), "  ", (watch.now.status, styled(watch.now.status)), f"  {seconds:.0f} s"
    )
    lines: list[Text | Spinner] = [Text(f"  {step}") for step in watch.steps]
    if not watch.done:
        lines += [Text(f"    {each}", style="dim") for each in watch.objects[:SHOWN_OBJECTS]]
        if len(watch.objects) > SHOWN_OBJECTS:
            lines.append(Text(f"    and {len(watch.objects) - SHOWN_OBJECTS} more", style="dim"))
    return Group(head if watch.done else Spinner("dots", head), *lines)


def _name(each: ObjectName) -> str:
    return f"{each.kind}/{each.name}"

"""`slipway events`: the live feed over HTTP; `slipway events tail` reads it from NATS and proves that it misses nothing."""

import asyncio
import os
import sys
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import msgspec
from cyclopts import App, Parameter

from slipway.cli.groups import DEPLOYMENTS
from slipway.cli.output import Format, Output, dump, escaped, printable, say
from slipway.cli.phrases import phrase
from slipway.cli.session import connected
from slipway.client import Refused, Slipway
from slipway.domain.events import CloudEvent

app = App(name="events", help="Show what happens, as it happens.", group=DEPLOYMENTS)


@app.default
async def follow(
    name: str | None = None,
    /,
    *,
    follow: Annotated[bool, Parameter(name=["--follow", "-f"])] = False,
    after: str | None = None,
    count: int = 0,
    output: Output = Format.TABLE,
) -> None:
    """Show what happens to your deployments, as it happens; admins see everything. With a name, what happened to one.

    Parameters
    ----------
    name
        A deployment: its events from the beginning.
    follow
        With a name: go on with what happens next.
    after
        Continue after an event, by its position as in 1-42: nothing in between is missed.
    count
        End after so many; 0 goes on until Ctrl-C.
    """
    async with connected() as slipway:
        names, wanted, shown, seen = _Names(slipway), None, 0, 0
        if name:
            found = await slipway.deployments.find(name)
            wanted = f"deployments/{found.id}"
            async for event in slipway.insight.events(found.id):
                await _show(event, names, output)
                if event.slipwayepoch:  # the newest may have no place in the feed yet
                    after = f"{event.slipwayepoch}-{event.slipwaypos}"
                shown, seen = event.slipwayseq or shown, seen + 1
                if seen == count:
                    return
            if not follow:
                return
        elif not after and output is Format.TABLE:
            say("waiting for events; Ctrl-C ends")
        async with aclosing(slipway.events.follow(after=after)) as events:
            async for event in events:
                if wanted is None or (wanted == event.subject and (event.slipwayseq or shown + 1) > shown):
                    await _show(event, names, output)
                    seen += 1
                if seen == count and count:
                    return


class _Names:
    """What people call the objects of events; each is asked for once."""

    def __init__(self, slipway: Slipway) -> None:
        self._slipway = slipway
        self._known: dict[str, str] = {}

    async def of(self, event: CloudEvent) -> str:
        subject = event.subject or ""
        if subject not in self._known:
            self._known[subject] = await self._asked(subject)
        return self._known[subject]

    async def _asked(self, subject: str) -> str:
        noun, _, identity = subject.partition("/")
        if noun != "deployments":
            return f"{noun}/{identity[-8:]}" if identity else noun
        try:
            return (await self._slipway.deployments.get(UUID(identity))).deployment_uid
        except Refused:
            return subject


async def _show(event: CloudEvent, names: _Names, output: Format) -> None:
    match output:
        case Format.TABLE:
            where = f"{event.slipwayepoch}-{event.slipwaypos}"
            time = f"{event.time.astimezone():%H:%M:%S}"
            line = f"{where:<8} {time}  {await names.of(event):<28} {phrase(event)}"
            print(printable(line).rstrip(), flush=True)
        case Format.JSON:  # one line each: it can be read as it comes
            print(escaped(msgspec.json.encode(event).decode()), flush=True)
        case Format.YAML:
            print("---")
            dump(event, output)


@app.command
def tail(*, from_start: bool = False, count: int = 0) -> None:
    """Print events from NATS as they come, a line each; exit code 1 when a position is missing.

    Parameters
    ----------
    from_start
        Begin with the oldest event that NATS still has.
    count
        End after so many events; 0 goes on until Ctrl-C.
    """
    url = os.environ.get("NATS_URL", "")
    if not url:
        sys.exit("slipway: NATS_URL is not set (source .slipway/env)")
    try:
        from slipway.cli.tail import run  # noqa: PLC0415 - needs an extra that a user of the API has not
    except ModuleNotFoundError as error:
        sys.exit(f"slipway events tail needs the extra 'messaging': pip install 'slipway[messaging]' ({error.name})")
    sys.exit(asyncio.run(run(url, from_start=from_start, count=count)))

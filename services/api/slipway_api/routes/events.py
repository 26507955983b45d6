"""The live feed as server-sent events."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Stream

from slipway.domain.events import CloudEvent, without_address
from slipway_api.auth.gate import Caller, caller_of, identify
from slipway_api.deps import Deps
from slipway_api.live import Position
from slipway_api.problems import ApiError, invalid

CHECK_SEC = 60.0
KEEP_ALIVE_SEC = 15.0
_ID = re.compile(r"([0-9]{1,9})-([0-9]{1,18})\Z")


@get("/events", tags=["events"])
async def follow_events(request: Request[Any, Any, Any], deps: NamedDependency[Deps]) -> Stream:
    """Follow your deployments' events (admins: all). Resumes after Last-Event-ID, on any replica."""
    caller = caller_of(request)
    after = _position(request.headers.get("Last-Event-ID", ""))
    source = _lines(deps, caller, request.headers.get("Authorization", ""), after)
    return Stream(
        source, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


def _position(text: str) -> Position | None:
    if not text:
        return None
    found = _ID.match(text)
    if not found:
        raise invalid("/Last-Event-ID", "is the id of an event, as in 1-42")
    return int(found[1]), int(found[2])


async def _lines(deps: Deps, caller: Caller, header: str, after: Position | None) -> AsyncIterator[bytes]:
    """Yield events as they come, a comment when it is quiet; end when the token does."""
    owner = None if caller.is_admin else caller.id
    events = aiter(deps.live.follow(after=after, owner=owner))
    coming: asyncio.Task[CloudEvent] | None = None
    checked = asyncio.get_running_loop().time()
    yield b": connected\n\n"
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({coming}, timeout=KEEP_ALIVE_SEC)
            now = asyncio.get_running_loop().time()
            if now - checked >= CHECK_SEC:
                await identify(deps, header)
                checked = now
            if not done:
                yield b": still here\n\n"
                continue
            try:
                event = coming.result()
            except StopAsyncIteration:
                return
            coming = None
            yield _line(event)
    except ApiError:
        return
    finally:
        if coming:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await events.aclose()  # type: ignore[attr-defined]


def _line(event: CloudEvent) -> bytes:
    body = msgspec.json.encode(without_address(event))
    return f"id: {event.slipwayepoch}-{event.slipwaypos}\nevent: {event.type}\ndata: ".encode() + body + b"\n\n"


HANDLERS = [follow_events]

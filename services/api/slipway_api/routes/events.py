"""The live feed as server-sent events."""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Stream

from slipway_api.auth.gate import Caller, caller_of, identify
from slipway_api.deps import Deps
from slipway_api.live_lines import Position
from slipway_api.problems import ApiError, invalid

CHECK_SEC = 60.0
KEEP_ALIVE_SEC = 15.0
_QUIET = b": still here\n\n"
_ID = re.compile(r"([0-9]{1,9})-([0-9]{1,18})\Z")


@get("/events", tags=["events"])
async def follow_events(
    request: Request[Any, Any, Any],
    deps: NamedDependency[Deps],
    progress: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
) -> Stream:
    """Follow your deployments' events (admins: all). Resumes after Last-Event-ID, on any replica.

    With `progress`, also hear how far each job is: events named `progress`, without an id, never repeated.
    """
    caller = caller_of(request)
    after = _position(request.headers.get("Last-Event-ID", ""))
    deps.streams.check(caller.id)
    source = _lines(deps, caller, request.headers.get("Authorization", ""), after, progress=progress)
    return Stream(
        deps.streams.during(caller.id, source),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _position(text: str) -> Position | None:
    if not text:
        return None
    found = _ID.match(text)
    if not found:
        raise invalid("/Last-Event-ID", "is the id of an event, as in 1-42")
    return int(found[1]), int(found[2])


async def _lines(
    deps: Deps, caller: Caller, header: str, after: Position | None, *, progress: bool
) -> AsyncGenerator[bytes]:
    """Yield events as they come, a comment when it is quiet; end when the token does, or what its user may see changes."""
    owner = None if caller.is_admin else caller.id
    checked = deps.clock.monotonic()
    yield b": connected\n\n"
    async with aclosing(
        deps.live.follow(after=after, owner=owner, quiet_sec=KEEP_ALIVE_SEC, progress=progress)
    ) as coming:
        async for each in coming:
            if deps.clock.monotonic() - checked >= CHECK_SEC:
                if not await _same_rights(deps, caller, header):
                    return
                checked = deps.clock.monotonic()
            yield each.sent if each else _QUIET


async def _same_rights(deps: Deps, caller: Caller, header: str) -> bool:
    try:
        return (await identify(deps, header)).is_admin == caller.is_admin
    except ApiError:
        return False


HANDLERS = [follow_events]

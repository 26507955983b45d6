"""Times as people say them: `3m` ago, `7d` from now."""

import re
from datetime import UTC, datetime, timedelta

from slipway.cli.exits import Exit, Stop

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhd])\Z")
_STEPS = ((2 * 86_400, 86_400, "d"), (2 * 3600, 3600, "h"), (2 * 60, 60, "m"))


def age(since: datetime | None) -> str:
    """Return how long ago, in the largest unit of which there are at least two."""
    if since is None:
        return ""
    seconds = max(0, round((datetime.now(UTC) - since).total_seconds()))
    for least, unit, letter in _STEPS:
        if seconds >= least:
            return f"{seconds // unit}{letter}"
    return f"{seconds}s"


def seconds_of(text: str, flag: str) -> float:
    """Return the seconds of `30s`, `15m`, `2h`, `7d`."""
    found = _SPAN.match(text)
    if not found:
        raise Stop(Exit.MISUNDERSTOOD, f"{flag}: {text!r} is not a time: write 30s, 15m, 2h or 7d")
    return float(int(found[1]) * _UNITS[found[2]])


def moment_of(text: str, flag: str, *, ago: bool = False) -> datetime:
    """Return a moment: a span from now (or before now), or an ISO time, local where it names no zone."""
    try:
        if _SPAN.match(text):
            span = timedelta(seconds=seconds_of(text, flag))
            return datetime.now(UTC) - span if ago else datetime.now(UTC) + span
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):  # no time, or one outside of the years 1 to 9999
        example = "write 7d or 2030-01-31T12:00:00Z"
        raise Stop(Exit.MISUNDERSTOOD, f"{flag}: {text!r} is not a time: {example}") from None

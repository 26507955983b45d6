"""Lists come as pages; here they are read as one sequence."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from slipway.client.http import SlipwayClient

T = TypeVar("T")
MOST = 200


class NotFound(LookupError):
    """Nothing is called that, or more than one thing is. The message says which names there are."""


def query(path: str, parameters: Mapping[str, Any]) -> str:
    """Return the path with those parameters that are given."""
    given = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in parameters.items()
        if value is not None
    }
    return f"{path}?{urlencode(given)}" if given else path


async def pages(
    http: SlipwayClient,
    path: str,
    kind: type[T],
    *,
    most: int | None = None,
    cursor: str = "cursor",
    start: str | None = None,
    **parameters: Any,
) -> AsyncGenerator[T]:
    """Yield what a list has, page by page, at most `most`; `cursor` is the parameter that continues it from `start`."""
    left, after = most, start
    while left is None or left > 0:
        size = MOST if left is None else min(left, MOST)
        answer = await http.get(query(path, {**parameters, "limit": size, cursor: after}))
        for item in answer["items"]:
            yield msgspec.convert(item, kind)
        left = None if left is None else left - len(answer["items"])
        after = answer.get("next_cursor")
        if after is None:
            return


async def everything(
    http: SlipwayClient, path: str, kind: type[T], *, most: int | None = None, **parameters: Any
) -> list[T]:
    """Return what a list has, at most `most`."""
    return [each async for each in pages(http, path, kind, most=most, **parameters)]

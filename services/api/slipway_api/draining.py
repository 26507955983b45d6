"""A refused body is read to its end: a proxy that still sends when the connection closes tells its client 502, and not why."""

from typing import Any

from slipway_api.observing import Asgi

MOST = 21 * 1024 * 1024
"""Bytes that are read for nothing; the console's server and the chart's Ingress let no more through."""


def drained(app: Asgi) -> Asgi:
    """Return the application with each body of known length read before its answer begins, whatever it was read for."""

    async def around(scope: Any, receive: Any, send: Any) -> None:
        more = scope["type"] == "http" and 0 < _length(scope) <= MOST
        if not more:
            await app(scope, receive, send)
            return

        async def receiving() -> Any:
            nonlocal more
            message = await receive()
            more = message["type"] == "http.request" and message.get("more_body", False)
            return message

        async def sending(message: Any) -> None:
            while more and message["type"] == "http.response.start":
                await receiving()
            await send(message)

        await app(scope, receiving, sending)

    return around


def _length(scope: Any) -> int:
    told = dict(scope["headers"]).get(b"content-length", b"")
    return int(told) if told.isdigit() else 0

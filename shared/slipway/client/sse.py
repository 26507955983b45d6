"""Server-sent events: the lines of a stream as messages."""

from collections.abc import AsyncGenerator, AsyncIterable

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    event: str = "message"
    data: str = ""
    id: str | None = None


async def messages(lines: AsyncIterable[str]) -> AsyncGenerator[Message]:
    """Yield a message for each block of lines; comments are left out."""
    fields: dict[str, str] = {}
    data: list[str] = []
    async for line in lines:
        if not line:
            if data or fields:
                yield Message(event=fields.get("event", "message"), data="\n".join(data), id=fields.get("id"))
            fields, data = {}, []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name:
            fields[name] = value

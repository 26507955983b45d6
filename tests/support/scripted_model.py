"""An OpenAI-compatible server that says what a test tells it to: real HTTP, streamed, well and badly behaved."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from tests.support.serving import served

Asked = dict[str, Any]
"""The body of a request."""


class Say(msgspec.Struct, frozen=True):
    """Text, in pieces."""

    text: str


class Call(msgspec.Struct, frozen=True):
    """A tool call. Arguments are an object, raw text, or made from what the model was shown."""

    name: str
    arguments: dict[str, Any] | str | Callable[[Asked], dict[str, Any]] = {}


class Fail(msgspec.Struct, frozen=True):
    """An error of the server, with a body that must go nowhere."""

    status: int


class Hang(msgspec.Struct, frozen=True):
    """Some text, and then silence until the script is released."""

    text: str = "Let me"


class Break(msgspec.Struct, frozen=True):
    """Some text, and the connection is cut."""


class Raw(msgspec.Struct, frozen=True):
    """Any bytes as the stream."""

    body: bytes


Step = Say | Call | Fail | Hang | Break | Raw | tuple[Say | Call | Hang, ...]


class ScriptedModel:
    """Plays its steps, one a request; `asked` has the requests. Steps for certain words wait until these are said."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.steps_for: dict[str, list[Step]] = {}
        self.asked: list[Asked] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.hanging = asyncio.Event()
        self.released = asyncio.Event()
        self._heard = asyncio.Event()

    def then(self, *steps: Step) -> None:
        self.steps += steps

    async def until_asked(self, times: int) -> None:
        """Wait until so many requests have come."""
        while len(self.asked) < times:
            self._heard.clear()
            await self._heard.wait()

    def when(self, words: str, *steps: Step) -> None:
        """Play these when the last that the user said has the words in it."""
        self.steps_for[words] = list(steps)

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        asked: Asked = msgspec.json.decode(body)
        self.asked.append(asked)
        self._heard.set()
        self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        steps = next((own for words, own in self.steps_for.items() if words in _last_said(asked)), self.steps)
        step = steps.pop(0) if steps else Fail(500)
        if isinstance(step, Fail):
            await _start(send, step.status, "application/json")
            await send({"type": "http.response.body", "body": b'{"error": {"message": "sk-secret-of-the-server"}}'})
            return
        await _start(send, 200, "text/event-stream")
        await self._play(step, asked, send)

    async def _play(self, step: Step, asked: Asked, send: Any) -> None:
        match step:
            case Raw():
                await _piece(send, step.body)
            case Break():
                await _piece(send, _text("Let me"))
                raise ConnectionResetError
            case _:
                for number, each in enumerate(step if isinstance(step, tuple) else (step,)):
                    if isinstance(each, Hang):
                        await _piece(send, _text(each.text))
                        self.hanging.set()
                        await self.released.wait()
                    for piece in _pieces(each, number, asked):
                        await _piece(send, piece)
        await _piece(send, b"data: [DONE]\n\n", more=False)


def _pieces(step: Any, number: int, asked: Asked) -> list[bytes]:
    if isinstance(step, Hang):
        return [_text(" see.")]
    if isinstance(step, Say):
        return _words(step.text)
    given = step.arguments(asked) if callable(step.arguments) else step.arguments
    text = given if isinstance(given, str) else msgspec.json.encode(given).decode()
    half = len(text) // 2
    first = {
        "index": number,
        "id": f"c{number}",
        "type": "function",
        "function": {"name": step.name, "arguments": text[:half]},
    }
    second = {"index": number, "function": {"arguments": text[half:]}}
    return [_delta({"tool_calls": [each]}) for each in (first, second)]


def _words(text: str) -> list[bytes]:
    first, *others = text.split(" ")
    return [_text(first), *(_text(f" {word}") for word in others)]


def _text(content: str) -> bytes:
    return _delta({"content": content})


def _delta(delta: dict[str, Any]) -> bytes:
    chunk = {
        "id": "c", "object": "chat.completion.chunk", "created": 0, "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
    }  # fmt: skip
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


async def _start(send: Any, status: int, kind: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})


async def _piece(send: Any, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


def _last_said(asked: Asked) -> str:
    return next((str(said["content"]) for said in reversed(asked["messages"]) if said["role"] == "user"), "")


def results(asked: Asked, name: str) -> list[Any]:
    """Return what tools of this name have answered, as the model is shown it."""
    names = {
        call["id"]: call["function"]["name"] for said in asked["messages"] for call in said.get("tool_calls") or ()
    }
    return [
        msgspec.json.decode(said["content"])
        for said in asked["messages"]
        if said["role"] == "tool" and names[said["tool_call_id"]] == name
    ]


@asynccontextmanager
async def scripted_model() -> AsyncGenerator[ScriptedModel]:
    """Serve a script on a free port."""
    script = ScriptedModel()
    async with served(script.app) as address:
        script.url = f"{address}/v1"
        try:
            yield script
        finally:
            script.released.set()

"""A model behind an OpenAI-compatible endpoint. Only `app` imports this, when a model is first needed: `openai` is large."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import msgspec
import openai
from openai import AsyncOpenAI

from slipway_api.assistant.model import ModelFailed, Offered, Reply, Said, Wanted

NO_KEY = "none"
"""Local servers ask for no key, and the client refuses an empty one."""
ATTEMPTS_AGAIN = 1
CONNECT_SEC = 10.0
LONGEST_REPLY = 256 * 1024
"""Characters, arguments included: a model that babbles is stopped."""


class OpenAIModel:
    def __init__(self, *, model: str, base_url: str, api_key: str, timeout_sec: float) -> None:
        self._name = model
        self._client = AsyncOpenAI(
            base_url=base_url or None,
            api_key=api_key or NO_KEY,
            timeout=httpx2.Timeout(timeout_sec, connect=CONNECT_SEC),
            max_retries=ATTEMPTS_AGAIN,
        )

    async def close(self) -> None:
        await self._client.close()

    async def reply(self, shown: Sequence[Said], offered: Sequence[Offered]) -> AsyncIterator[str | Reply]:
        """Stream one chat completion."""
        parts: list[str] = []
        calls: list[_Growing] = []
        size = 0
        try:
            stream: Any = await self._client.chat.completions.create(**self._request(shown, offered))
            async with stream:
                async for chunk in stream:
                    for delta in (choice.delta for choice in chunk.choices[:1]):
                        if delta.content:
                            parts.append(delta.content)
                            yield delta.content
                        size += len(delta.content or "") + _gather(calls, delta.tool_calls or ())
                    if size > LONGEST_REPLY:
                        raise ModelFailed("the model's answer had no end")
        except openai.APITimeoutError:
            raise ModelFailed("the model did not answer in time") from None
        except openai.APIStatusError as error:
            raise ModelFailed(f"the model's server answered {error.status_code}") from None
        except (openai.OpenAIError, httpx2.HTTPError):
            raise ModelFailed("the model's server could not be reached, or broke off") from None
        except (ValueError, TypeError, AttributeError):  # not JSON, or JSON of another form
            raise ModelFailed("the model's server answered something that is no chat completion") from None
        yield Reply(content="".join(parts), calls=_wanted(calls))

    def _request(self, shown: Sequence[Said], offered: Sequence[Offered]) -> dict[str, Any]:
        tools = [
            {
                "type": "function",
                "function": {"name": each.name, "description": each.description, "parameters": each.parameters},
            }
            for each in offered
        ]
        request: dict[str, Any] = {"model": self._name, "messages": [_message(each) for each in shown], "stream": True}
        return {**request, "tools": tools} if tools else request


def _message(said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": said.role, "content": said.content}
    if said.calls:
        message["tool_calls"] = [
            {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}
            for each in said.calls
        ]
    if said.role == "tool":
        message["tool_call_id"] = said.answers
    return message


class _Growing(msgspec.Struct):
    """A call of which pieces still come."""

    index: int | None
    id: str = ""
    name: str = ""
    arguments: str = ""


def _gather(calls: list[_Growing], pieces: Sequence[Any]) -> int:
    """Add pieces of calls to those that came before; return how many characters they have.

    Some servers give every call the index 0, or none at all: another id at the same index is another call.
    """
    size = 0
    for piece in pieces:
        index: int | None = getattr(piece, "index", None)
        call = next((each for each in reversed(calls) if each.index == index), None)
        if call is None or (piece.id and call.id and piece.id != call.id):
            call = _Growing(index=index)
            calls.append(call)
        call.id = call.id or piece.id or ""
        if piece.function is not None:
            call.name += piece.function.name or ""
            call.arguments += piece.function.arguments or ""
            size += len(piece.function.arguments or "") + len(piece.function.name or "")
    return size


def _wanted(calls: Sequence[_Growing]) -> tuple[Wanted, ...]:
    return tuple(Wanted(id=each.id, name=each.name, arguments=each.arguments) for each in calls)

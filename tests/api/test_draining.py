"""What is refused unread is read before the answer: else its sender sees a connection that broke."""

from typing import Any

import pytest

from slipway_api.draining import MOST, drained

PIECES = [{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.request", "body": b"b"}]


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b"no"})


async def read_and_refuse(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await refuse(scope, receive, send)


GONE = [PIECES[0], {"type": "http.disconnect"}]


@pytest.mark.parametrize(
    ("app", "length", "pieces", "read"),
    [
        (refuse, b"2", PIECES, 2),
        (read_and_refuse, b"2", PIECES, 2),
        (refuse, b"9", GONE, 2),
        (refuse, str(MOST + 1).encode(), PIECES, 0),
        (refuse, b"nonsense", PIECES, 0),
        (refuse, b"0", PIECES, 0),
    ],
    ids=["unread", "half-read", "gone", "too-long", "nonsense", "empty"],
)
async def test_a_body_is_read_before_its_answer(app: Any, length: bytes, pieces: list[Any], read: int):
    left, order = list(pieces), list[str]()

    async def receive() -> Any:
        order.append("read")
        return left.pop(0)

    async def send(message: Any) -> None:
        order.append(message["type"])

    await drained(app)({"type": "http", "headers": [(b"content-length", length)]}, receive, send)
    assert order == ["read"] * read + ["http.response.start", "http.response.body"]

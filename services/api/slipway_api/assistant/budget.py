"""How much a model is shown: pure. Tokens are estimated, a quarter of the bytes, because every model counts its own way."""

from collections.abc import Sequence

import msgspec

from slipway_api.assistant.model import Said

BYTES_PER_TOKEN = 4
OVERHEAD = 4
"""Of each entry, for its role and limits."""
LONGEST_RESULT = 2_000
"""Tokens of one tool result, and of one call's arguments."""
CUT = "\n[... cut here ...]\n"
LEFT_OUT = '{"left out here": "too long"}'
"""Stands for arguments, which have to stay JSON."""


def tokens(said: Said) -> int:
    """Estimate what an entry costs."""
    texts = [said.content, *(each.name + each.arguments for each in said.calls)]
    return OVERHEAD + sum(len(text.encode()) for text in texts) // BYTES_PER_TOKEN


def total(entries: Sequence[Said]) -> int:
    return sum(tokens(each) for each in entries)


def shortened(text: str, most: int) -> str:
    """Return a text of at most about `most` tokens: its beginning and its end, which tell most."""
    raw, room = text.encode(), most * BYTES_PER_TOKEN
    if len(raw) <= room:
        return text
    half = max(room - len(CUT), 0) // 2
    return raw[:half].decode(errors="ignore") + CUT + (raw[-half:].decode(errors="ignore") if half else "")


def _squeezed(said: Said, most: int) -> Said:
    """Return an entry of at most about `most` tokens: names of calls always stay."""
    each = most // max(len(said.calls), 1)
    calls = tuple(msgspec.structs.replace(call, arguments=bounded(call.arguments, each)) for call in said.calls)
    return msgspec.structs.replace(said, content=shortened(said.content, most), calls=calls)


def bounded(arguments: str, most: int) -> str:
    """Return a call's arguments, unless they cost more than `most` tokens."""
    return arguments if len(arguments.encode()) <= max(most * BYTES_PER_TOKEN, len(LEFT_OUT)) else LEFT_OUT


def fit(exchanges: Sequence[Sequence[Said]], most: int) -> list[Said]:
    """Return the newest exchanges that cost at most `most` tokens, oldest first.

    An exchange is kept whole or left out whole, so that no tool result stands without its call; from the first that does
    not fit on, all older ones are left out. The last one is what is asked now: it stays, shortened when it must.
    """
    if not exchanges:
        return []
    *older, now = exchanges
    kept = list(now)
    if total(kept) > most:
        each = max(most // max(len(kept), 1) - OVERHEAD, 1)
        kept = [_squeezed(said, each) for said in kept]
    left = most - total(kept)
    for exchange in reversed(older):
        left -= total(exchange)
        if left < 0:
            break
        kept = [*exchange, *kept]
    return kept

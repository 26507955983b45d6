"""What is made of a JSON schema, kept for the small ones that were asked for last."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import msgspec

P = ParamSpec("P")
T = TypeVar("T")
KEPT = 32
"""Of each function. A validator of forty patterns has 150 KiB, and takes a millisecond to be made."""
SMALL = 64 * 1024
"""Bytes of a schema of which something is kept; most have a few KiB."""

Schema = dict[str, Any]


def of_small_schemas(make: Callable[Concatenate[Schema, P], T]) -> Callable[Concatenate[Schema, P], T]:
    """Keep what a function makes of a schema and hashable arguments by name. Nobody may change what it returns."""

    @lru_cache(maxsize=KEPT)
    def kept(text: bytes, *arguments: P.args, **named: P.kwargs) -> T:
        return make(msgspec.json.decode(text), *arguments, **named)

    @wraps(make)
    def asked(schema: Schema, *arguments: P.args, **named: P.kwargs) -> T:
        text = msgspec.json.encode(schema)
        return kept(text, *arguments, **named) if len(text) <= SMALL else make(schema, *arguments, **named)

    return asked

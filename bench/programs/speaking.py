"""How a program of ours is told what to do and says what it found: a line of JSON each way. Its log goes to stderr."""

import sys
from typing import Any, TypeVar

import msgspec

Told = TypeVar("Told")


def told(kind: type[Told]) -> Told:
    """Return what this program is told."""
    return msgspec.json.decode(sys.stdin.buffer.readline(), type=kind)


def say(found: Any) -> None:
    """Say what was found."""
    sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    sys.stdout.buffer.flush()

"""Passwords, hashed by argon2id away from the event loop."""

import asyncio
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Meta

SHORTEST = 12
LONGEST = 1024
Password = Annotated[
    str, Meta(min_length=SHORTEST, max_length=LONGEST, description=f"{SHORTEST} to {LONGEST} characters")
]

_HASHER = PasswordHasher()
_TURNS = asyncio.Semaphore(2)
"""Each hash takes 64 MiB and a core: a burst of logins waits its turn."""
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c2xpcHdheS1ub2JvZHkhIQ$6jUqPV0rIkB0mTSCXvOZR9WSsqFOuY7dSgQQBqEuY9s"
"""Compared with when there is no such user, so that the answer takes as long."""


async def hashed(password: str) -> str:
    async with _TURNS:
        return await asyncio.to_thread(_HASHER.hash, password)


async def verify(password: str, stored: str | None) -> bool:
    """Tell whether it is the password; takes the same time when there is none."""
    async with _TURNS:
        return await asyncio.to_thread(_verify, password, stored or _NOBODY) and stored is not None


def _verify(password: str, stored: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False

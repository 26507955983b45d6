"""A new key for the cluster's secrets, in two steps, and what was sealed to the old one sealed to it."""

import base64

from nacl.public import PrivateKey

from slipway.messaging.queries import KeyRotated, Reseal, Resealed, RotateKey
from slipway_executor.cluster.port import Cluster
from slipway_executor.failing import transient
from slipway_executor.sealing import FIELD, KEY_SECRET, NEXT, PREVIOUS, Keyring, fresh_key, public_of


class Rotating:
    def __init__(self, cluster: Cluster, keyring: Keyring) -> None:
        self._cluster = cluster
        self._keyring = keyring

    async def __call__(self, asked: RotateKey) -> KeyRotated:
        stored = await self._cluster.keep_secret(KEY_SECRET, self._keyring.stored)
        wanted = _prepared(stored) if asked.step == "prepare" else _promoted(stored)
        if wanted != stored and not await self._cluster.replace_secret(KEY_SECRET, wanted, was=stored):
            raise transient("key_changed", "the key was changed in between: ask again")
        self._keyring.load(wanted)
        shown = PrivateKey(base64.b64decode(wanted.get(NEXT, wanted[FIELD])))
        return KeyRotated(public_key=public_of(shown))


def _prepared(stored: dict[str, str]) -> dict[str, str]:
    """Return the keys with a next one; asked again, it stays the same."""
    return stored if NEXT in stored else {**stored, NEXT: fresh_key()}


def _promoted(stored: dict[str, str]) -> dict[str, str]:
    """Return the keys with the next one in use; the one before the last is forgotten."""
    return {FIELD: stored[NEXT], PREVIOUS: stored[FIELD]} if NEXT in stored else stored


class Resealing:
    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def __call__(self, asked: Reseal) -> Resealed:
        return Resealed(sealed=self._keyring.resealed(asked.sealed))

"""The cluster's key: secrets are sealed to it by the API, and opened only here. All executors of a cluster share it.

It lies in a Secret of Slipway's own namespace, with the one before it, and with the next one while it is being rotated:
what is sealed to any of these can be opened. Every executor reads it again each 10 s.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from slipway.domain.values import canonical
from slipway.messaging.messages import Sealed
from slipway_executor.cluster.port import Cluster
from slipway_executor.failing import needs_person

KEY_SECRET = "slipway-sealing-key"  # noqa: S105 - a name
FIELD, NEXT, PREVIOUS = "private", "next", "previous"
RELOAD_SEC = 10.0


class Keyring:
    def __init__(self, private: bytes) -> None:
        self._key = PrivateKey(private)
        self._others: list[PrivateKey] = []
        self.stored = {FIELD: base64.b64encode(private).decode()}
        """What the Secret holds; should it be gone, it is made of this again."""

    def load(self, stored: Mapping[str, str]) -> None:
        """Take over what the cluster's Secret holds."""
        self.stored = dict(stored)
        self._key = PrivateKey(base64.b64decode(stored[FIELD]))
        self._others = [PrivateKey(base64.b64decode(stored[name])) for name in (NEXT, PREVIOUS) if name in stored]

    @property
    def public_key(self) -> str:
        """The public half in base64."""
        return public_of(self._key)

    def open(self, sealed: Iterable[Sealed]) -> dict[str, str]:
        """Return the secrets by name. OperationFailed when one was sealed to another key."""
        return {each.name: self._opened(each).decode() for each in sealed}

    def resealed(self, sealed: Iterable[Sealed]) -> tuple[Sealed, ...]:
        """Return them sealed to the key in use; those that are, as they were."""
        return tuple(each if self._is_current(each) else self._seal(each.name, self._opened(each)) for each in sealed)

    def mark(self, value: Any) -> str:
        """Return a keyed hash of a JSON value: tells whether two are the same, and nothing of what they are."""
        return hmac.new(bytes(self._key), canonical(value), hashlib.sha256).hexdigest()

    def _opened(self, sealed: Sealed) -> bytes:
        for key in (self._key, *self._others):
            try:
                return SealedBox(key).decrypt(base64.b64decode(sealed.ciphertext))
            except (CryptoError, ValueError):
                continue
        raise needs_person("secret_unreadable", "a secret was sealed to another key than this cluster's: set it again")

    def _is_current(self, sealed: Sealed) -> bool:
        try:
            SealedBox(self._key).decrypt(base64.b64decode(sealed.ciphertext))
        except (CryptoError, ValueError):
            return False
        return True

    def _seal(self, name: str, plain: bytes) -> Sealed:
        box = SealedBox(self._key.public_key)
        return Sealed(name=name, ciphertext=base64.b64encode(box.encrypt(plain)).decode())


def public_of(key: PrivateKey) -> str:
    return base64.b64encode(bytes(key.public_key)).decode()


def fresh_key() -> str:
    """Return a new private key in base64."""
    return base64.b64encode(bytes(PrivateKey.generate())).decode()


async def keyring(cluster: Cluster) -> Keyring:
    """Return the cluster's key, made by whoever asks first."""
    stored = await cluster.keep_secret(KEY_SECRET, {FIELD: fresh_key()})
    ring = Keyring(base64.b64decode(stored[FIELD]))
    ring.load(stored)
    return ring

"""The cluster's key: secrets are sealed to it by the API, and opened only here. All executors of a cluster share it."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from slipway.domain.values import canonical
from slipway.messaging.messages import Sealed
from slipway_executor.cluster.port import Cluster
from slipway_executor.failing import needs_person

KEY_SECRET = "slipway-sealing-key"  # noqa: S105 - a name
FIELD = "private"


class Keyring:
    def __init__(self, private: bytes) -> None:
        self._key = PrivateKey(private)

    @property
    def public_key(self) -> str:
        """The public half in base64."""
        return base64.b64encode(bytes(self._key.public_key)).decode()

    def open(self, sealed: Iterable[Sealed]) -> dict[str, str]:
        """Return the secrets by name. OperationFailed when one was sealed to another key."""
        box = SealedBox(self._key)
        try:
            return {each.name: box.decrypt(base64.b64decode(each.ciphertext)).decode() for each in sealed}
        except (CryptoError, ValueError) as error:
            raise needs_person(
                "secret_unreadable", "a secret was sealed to another key than this cluster's: set it again"
            ) from error

    def mark(self, value: Any) -> str:
        """Return a keyed hash of a JSON value: tells whether two are the same, and nothing of what they are."""
        return hmac.new(bytes(self._key), canonical(value), hashlib.sha256).hexdigest()


async def keyring(cluster: Cluster) -> Keyring:
    """Return the cluster's key, made by whoever asks first."""
    fresh = base64.b64encode(bytes(PrivateKey.generate())).decode()
    kept = await cluster.keep_secret(KEY_SECRET, {FIELD: fresh})
    return Keyring(base64.b64decode(kept[FIELD]))

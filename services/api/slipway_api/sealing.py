"""Seals secrets to a cluster's public key: this process, and the database, cannot open them again."""

import base64

from nacl.public import PublicKey, SealedBox


def seal(public_key: str, plain: bytes) -> str:
    """Return a libsodium sealed box in base64; `public_key` is an X25519 key in base64."""
    return base64.b64encode(SealedBox(PublicKey(base64.b64decode(public_key))).encrypt(plain)).decode()

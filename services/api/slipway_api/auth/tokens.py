"""Access tokens: HS256 JWTs with issuer, audience and expiry, signed by one key and checked against two while rotating."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import msgspec

ISSUER = "slipway"
AUDIENCE = "slipway-api"
ALGORITHM = "HS256"
LEEWAY_SEC = 10
SHORTEST_KEY = 32


class InvalidToken(Exception):
    """Not a token of ours, or no longer one."""


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a valid token says."""

    user: UUID
    sign_in: UUID | None
    """The sign-in that it ends with; a token without one ends at its expiry."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The keys and the lifetime of tokens."""

    key: str
    previous_key: str = ""
    minutes: int = 60

    def issue(self, user: UUID, sign_in: UUID | None = None, *, now: datetime | None = None) -> str:
        """Return a token for the user."""
        at = now or datetime.now(UTC)
        claims = {
            "sub": str(user), "iss": ISSUER, "aud": AUDIENCE, "jti": str(uuid4()),
            "iat": at, "exp": at + timedelta(minutes=self.minutes), **({"sid": str(sign_in)} if sign_in else {}),
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def digests(self, content: bytes) -> list[str]:
        """Return the digest of something by each key, the one to store first.

        Keyed, because what is digested may hold a password, which a plain hash lets one guess.
        """
        keys = filter(None, (self.key, self.previous_key))
        return [hmac.new(key.encode(), content, hashlib.sha256).hexdigest() for key in keys]

    def read(self, token: str) -> Claims:
        """Return what a token says; InvalidToken when it is forged, foreign or expired."""
        for key in filter(None, (self.key, self.previous_key)):
            try:
                claims = jwt.decode(
                    token, key, algorithms=[ALGORITHM], issuer=ISSUER, audience=AUDIENCE, leeway=LEEWAY_SEC,
                    options={"require": ["sub", "iss", "aud", "exp", "iat"]},
                )  # fmt: skip
                return Claims(user=UUID(claims["sub"]), sign_in=UUID(claims["sid"]) if "sid" in claims else None)
            except jwt.InvalidSignatureError:
                continue
            except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
                raise InvalidToken from error
        raise InvalidToken

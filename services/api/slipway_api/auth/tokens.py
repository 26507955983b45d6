"""Access tokens: HS256 JWTs with issuer, audience and expiry, signed by one key and checked against two while rotating."""

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


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """The keys and the lifetime of tokens."""

    key: str
    previous_key: str = ""
    minutes: int = 60

    def issue(self, user: UUID, *, now: datetime | None = None) -> str:
        """Return a token for the user."""
        at = now or datetime.now(UTC)
        claims = {
            "sub": str(user), "iss": ISSUER, "aud": AUDIENCE, "jti": str(uuid4()),
            "iat": at, "exp": at + timedelta(minutes=self.minutes),
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm=ALGORITHM)

    def user_of(self, token: str) -> UUID:
        """Return whose token it is; InvalidToken when it is forged, foreign or expired."""
        for key in filter(None, (self.key, self.previous_key)):
            try:
                claims = jwt.decode(
                    token, key, algorithms=[ALGORITHM], issuer=ISSUER, audience=AUDIENCE, leeway=LEEWAY_SEC,
                    options={"require": ["sub", "iss", "aud", "exp", "iat"]},
                )  # fmt: skip
                return UUID(claims["sub"])
            except jwt.InvalidSignatureError:
                continue
            except (jwt.PyJWTError, ValueError) as error:
                raise InvalidToken from error
        raise InvalidToken

"""Random tokens and codes: shown once, stored by their hash. The prefix tells people and scanners what was found."""

import hashlib
import secrets

PERSONAL, REFRESH, ONE_TIME, BOUND = "slp_", "slr_", "slc_", "slb_"
"""A bound code is a one-time code that only one browser can use: it is stored with what that browser keeps in a cookie."""
LONGEST = 200


def new(prefix: str) -> str:
    """Return a token of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Return what is stored: a plain hash is enough, for nobody can try 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def code_hash(code: str, browser: str) -> str:
    """Return what is stored of a one-time code; of a bound one, together with its browser's secret."""
    return hashed(code + browser if code.startswith(BOUND) else code)

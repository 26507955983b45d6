"""Names of deployments: DNS labels for every Unicode input, never longer than a Helm release name may be."""

import re
import unicodedata

RELEASE_NAME_LIMIT = 53
"""Helm's limit: 63 characters of a label less what charts put behind the name."""
SUFFIX_LENGTH = 6
SUFFIX_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
SUFFIXES = len(SUFFIX_ALPHABET) ** SUFFIX_LENGTH
"""So many there are."""
EMPTY_BASE = "dep"

_OTHER = re.compile(r"[^a-z0-9]+")
_SUFFIX = re.compile(rf"[0-9a-z]{{{SUFFIX_LENGTH}}}\Z")


def slugify(text: str, *, longest: int = 63) -> str:
    """Return `text` as a DNS label: accents dropped, all else that is not [a-z0-9] a single dash; `dep` when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("-", plain).strip("-")[:longest].strip("-") or EMPTY_BASE


def user_slug(email: str) -> str:
    """Return the label of a user: the part of the address before the @."""
    return slugify(email.partition("@")[0])


def nth_suffix(number: int) -> str:
    """Return one of the suffixes, by its number below `SUFFIXES`."""
    digits = []
    for _ in range(SUFFIX_LENGTH):
        number, digit = divmod(number, len(SUFFIX_ALPHABET))
        digits.append(SUFFIX_ALPHABET[digit])
    return "".join(reversed(digits))


def deployment_uid(product_slug: str, user: str, suffix: str) -> str:
    """Return `{product}-{user}-{suffix}`, cut to 53 characters from the left part, so that the suffix survives."""
    if not _SUFFIX.match(suffix):
        raise ValueError("the suffix is six characters of 0-9a-z")
    base = slugify(f"{slugify(product_slug)}-{slugify(user)}", longest=RELEASE_NAME_LIMIT - SUFFIX_LENGTH - 1)
    return f"{base}-{suffix}"

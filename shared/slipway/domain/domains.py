"""Domain names that deployments answer to."""

import re
from collections.abc import Collection

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")


class InvalidDomain(ValueError):
    """Not a DNS name; the message says what to change."""


def normalise_domain(name: str, *, reserved: Collection[str] = ()) -> str:
    """Return the name in lower case without the root's dot; InvalidDomain when it is no DNS name, or reserved."""
    plain = name.strip().lower().removesuffix(".")
    if not plain:
        raise InvalidDomain("a domain name is required")
    if not plain.isascii():
        raise InvalidDomain("give an international name in its xn-- form")
    if len(plain) > 253:
        raise InvalidDomain("a domain name has at most 253 characters")
    labels = plain.split(".")
    if not all(_LABEL.match(label) for label in labels):
        raise InvalidDomain("labels are 1-63 letters, digits or dashes, with no dash at an end, separated by dots")
    if labels[-1].isdigit():
        raise InvalidDomain("an address is not a domain name")
    if any(plain == word or plain.endswith(f".{word}") for word in reserved):
        raise InvalidDomain("this name is reserved by the platform")
    return plain

"""Domain names that deployments answer to."""

import re

import msgspec

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")


class InvalidDomain(ValueError):
    """Not a DNS name; the message says what to change."""


class DomainRules(msgspec.Struct, frozen=True, kw_only=True):
    """Which names an installation lets users have."""

    reserved: tuple[str, ...] = ()
    """These, and all below them, are nobody's."""
    wildcards: tuple[str, ...] = ()
    """The platform's own, as in `*.apps.example.org`: their DNS record and certificate reach one label down, and no further."""
    others: bool = True
    """Whether users may bring names of their own beside those."""


def normalise_domain(name: str, rules: DomainRules) -> str:
    """Return the name in lower case without the root's dot; InvalidDomain when it is no DNS name, or not allowed."""
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
    if any(_within(plain, word) for word in rules.reserved):
        raise InvalidDomain("this name is reserved by the platform")
    _check_wildcards(plain, rules)
    return plain


def _check_wildcards(plain: str, rules: DomainRules) -> None:
    zones = sorted((wildcard[2:] for wildcard in rules.wildcards), key=len, reverse=True)  # the nearest one first
    zone = next((each for each in zones if _within(plain, each)), None)
    if zone is None:
        if zones and not rules.others:
            raise InvalidDomain(f"give a name of the platform's own, as in my-app.{rules.wildcards[0][2:]}")
    elif "." in (plain.removesuffix(zone)[:-1] or "."):
        raise InvalidDomain(f"below {zone} the platform serves names of one label, as in my-app.{zone}")


def _within(plain: str, zone: str) -> bool:
    return plain == zone or plain.endswith(f".{zone}")

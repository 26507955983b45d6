"""References to container images, as old templates give them."""

import re

import msgspec

_DOMAIN = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]{1,5})?\Z"
)
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


class InvalidImage(ValueError):
    """Not an image reference; the message says which part."""


class ImageRef(msgspec.Struct, frozen=True, kw_only=True):
    """`repository` includes the registry when one was given. Without tag and digest the tag is `latest`."""

    repository: str
    tag: str
    digest: str | None = None


def parse_image(url: str) -> ImageRef:
    """Return the parts of `[registry[:port]/]path[:tag][@sha256:...]`. InvalidImage when it is none."""
    if "://" in url:
        raise InvalidImage("an image reference has no scheme, as in registry.example.org/team/app:1.0")
    rest, at, digest = url.partition("@")
    if at and not _DIGEST.match(digest):
        raise InvalidImage("the digest is sha256: and 64 hex digits")
    path, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:  # a colon before the last slash is a registry's port
        path, tag = rest, ""
    elif not _TAG.match(tag):
        raise InvalidImage("the tag has up to 128 letters, digits, dots, dashes or underscores")
    _check_path(path)
    return ImageRef(repository=path, tag=tag or ("" if digest else "latest"), digest=digest or None)


def _check_path(path: str) -> None:
    first, slash, rest = path.partition("/")
    has_registry = slash and ("." in first or ":" in first or first == "localhost")
    if has_registry and not _DOMAIN.match(first):
        raise InvalidImage("the registry's host is not valid")
    components = (rest if has_registry else path).split("/")
    if len(path) > 255 or not all(_COMPONENT.match(component) for component in components):
        raise InvalidImage("the repository is lower-case names separated by slashes")

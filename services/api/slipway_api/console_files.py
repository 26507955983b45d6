"""The built web console as the API serves it: each file with its type, its caching and, for text, a compressed twin."""

import gzip
import hashlib
import mimetypes
from functools import cached_property
from pathlib import Path

import msgspec

PACKAGED = Path(__file__).parent / "console"
"""Where `make console` builds it, and where the distribution has it."""
INDEX = "index.html"
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".html": "text/html"}
_TEXT = frozenset({"text/javascript", "text/css", "text/html", "image/svg+xml", "application/json"})


class ConsoleFile(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    content: bytes
    media_type: str
    hashed: bool
    """Its name changes with its content."""

    @cached_property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:24]}"'

    @cached_property
    def zipped(self) -> bytes | None:
        return gzip.compress(self.content, mtime=0) if self.media_type in _TEXT else None


def read_console(folder: Path) -> dict[str, ConsoleFile]:
    """Return the files of a built console by their address below the root; none when it was not built."""
    return {
        path.relative_to(folder).as_posix(): ConsoleFile(
            content=path.read_bytes(),
            media_type=_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            hashed=path.is_relative_to(folder / "assets"),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }

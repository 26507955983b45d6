"""Who is signed in where: tokens by server, in one file of mode 0600 under the user's config folder."""

import contextlib
import fcntl
import os
from collections.abc import Generator, Mapping
from pathlib import Path

import msgspec

from slipway.cli.exits import SIGN_IN_AGAIN, Exit, Stop

URL, TOKEN = "SLIPWAY_API_URL", "SLIPWAY_TOKEN"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    email: str
    token: str
    refresh_token: str | None = None
    """Gives the next pair, once; None for a personal access token."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    current: str = ""
    """The server that was signed in to last: it is meant when SLIPWAY_API_URL is not set."""
    servers: dict[str, Server] = {}


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the file: XDG_CONFIG_HOME/slipway/credentials.json."""
    home = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "slipway" / "credentials.json"


def read(file: Path) -> Credentials:
    """Return what is stored; nothing when there is no file."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Credentials)
    except FileNotFoundError:
        return Credentials()
    except OSError as error:
        raise Stop(Exit.FAILED, f"{file} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError:
        raise Stop(Exit.FAILED, f"{file} is damaged: remove it and sign in again") from None


def write(file: Path, credentials: Credentials) -> None:
    """Store it in one step, readable by the user alone."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(msgspec.json.format(msgspec.json.encode(credentials)))
        fresh.replace(file)
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()


def remember(file: Path, url: str, server: Server) -> None:
    known = read(file)
    write(file, Credentials(current=url, servers={**known.servers, url: server}))


def forget(file: Path, url: str) -> bool:
    """Drop what is stored of one server; False when nothing was."""
    known = read(file)
    if url not in known.servers:
        return False
    left = {name: server for name, server in known.servers.items() if name != url}
    write(file, Credentials(current=known.current if known.current in left else next(iter(left), ""), servers=left))
    return True


@contextlib.contextmanager
def locked(file: Path) -> Generator[None]:
    """Keep other commands from spending the same refresh token."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file.with_name(f"{file.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def server_url(environ: Mapping[str, str], credentials: Credentials) -> str:
    """Return which server is meant."""
    url = (environ.get(URL) or credentials.current).rstrip("/")
    if not url:
        raise Stop(Exit.NOT_ALLOWED, f"no server is known: `slipway login URL`, or set {URL}")
    return url


def given_token(environ: Mapping[str, str]) -> str:
    """Return the environment's token without the line break that a file of it ends with; empty when there is none."""
    return environ.get(TOKEN, "").strip()


def token(environ: Mapping[str, str], credentials: Credentials, url: str) -> str:
    """Return the token for a server: the environment's, else the stored one."""
    if given := given_token(environ):
        return given
    if url not in credentials.servers:
        raise Stop(Exit.NOT_ALLOWED, f"{SIGN_IN_AGAIN} (server {url})")
    return credentials.servers[url].token

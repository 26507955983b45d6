"""The servers of a benchmark: durable PostgreSQL and NATS, and programs that measure in processes of their own."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from slipway.database.migrations import upgrade
from slipway.dev.postgres import Postgres, start_postgres, stop_postgres

ROOT = Path(__file__).resolve().parents[1]
OURS = Path(sys.executable)
THEIRS = ROOT / ".venv-bench" / "bin" / "python"
"""Of the environment of what Slipway is compared with; `make` installs it."""
LONGEST_SEC = 300.0
"""That a program may take: far beyond what one needs, so that a mistake ends."""


@asynccontextmanager
async def folder() -> AsyncGenerator[Path]:
    """Yield a fresh folder that PostgreSQL's own system user can enter."""
    state = Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    state.chmod(0o755)
    try:
        yield state
    finally:
        shutil.rmtree(state, ignore_errors=True)


@asynccontextmanager
async def postgres(state: Path) -> AsyncGenerator[Postgres]:
    """Yield a server with fsync and synchronous_commit on, as in production."""
    server = await start_postgres(state)
    try:
        yield server
    finally:
        await stop_postgres(state, server)


async def new_database(server: Postgres, name: str, *, migrated: bool = False) -> str:
    """Make a database, with Slipway's schema when asked for; return its superuser's DSN."""
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()
    if migrated:
        await asyncio.to_thread(upgrade, server.dsn(name))
    return server.dsn(name)


async def program(python: Path, module: str, told: Mapping[str, Any], *, log: Path) -> Any:
    """Run a module as a program: what it is told goes in as JSON, and what it found comes out as JSON."""
    async with running(python, module, log=log) as child:
        async with asyncio.timeout(LONGEST_SEC):
            printed, _ = await child.communicate(msgspec.json.encode(told) + b"\n")
        if child.returncode:
            raise RuntimeError(f"{module} ended with {child.returncode}: {log.read_text()[-2000:]}")
        return msgspec.json.decode(printed)


@asynccontextmanager
async def running(python: Path, module: str, *, log: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run a module as a program that is spoken to over its stdin and stdout, until the context ends."""
    if not python.exists():
        raise RuntimeError("what Slipway is compared with is not installed: make bench installs it")
    with log.open("ab") as sink:
        child = await asyncio.create_subprocess_exec(
            str(python), "-m", module, cwd=ROOT, env=_environment(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=sink, limit=2**26,
        )  # fmt: skip
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1"}

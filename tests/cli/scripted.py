"""The command line before a server that answers as it is told."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from slipway.client.deployments import Deployment
from slipway.client.jobs import Job
from slipway.client.templates import Template
from slipway.domain.jobs import JobStatus
from slipway.identity import new_id
from tests.cli.terminal import SLIPWAY

Answer = tuple[int, dict[str, str], str]
NOW = datetime(2030, 1, 1, tzinfo=UTC)
JSON = {"Content-Type": "application/json"}
TEMPLATE = Template(id=new_id(), product_id=new_id(), created_at=NOW)
DEPLOYMENT = Deployment(
    id=new_id(), user_id=new_id(), domain_name="a.example.org", deployment_uid="hello-a", namespace_name="hello-a",
    release_name="hello-a", cluster="local", template_id=TEMPLATE.id, status="ready", generation=1, created_at=NOW,
    updated_at=NOW, url="http://a.example.org", template=TEMPLATE,
)  # fmt: skip


def json(value: object) -> Answer:
    return 200, JSON, msgspec.json.encode(value).decode()


FOUND = json(DEPLOYMENT)


def job(status: JobStatus, error: str | None = None) -> Job:
    return Job(
        id=new_id(), deployment_id=DEPLOYMENT.id, reason="manual", status=status, generation=1, run_after=NOW, attempt=1,
        last_error=error, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


async def slipway(url: str, home: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run a command against a server; return its exit code and what it printed to standard output and error."""
    process = await asyncio.create_subprocess_exec(
        *SLIPWAY, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"SLIPWAY_API_URL": url, "SLIPWAY_TOKEN": "x", "HOME": str(home), "PATH": os.environ["PATH"], **environment},
    )  # fmt: skip
    printed, said = await process.communicate()
    return process.returncode or 0, printed.decode(), said.decode()
